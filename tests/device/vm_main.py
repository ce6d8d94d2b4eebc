# Runs one device test inside the MicroPython VM: vm_main.py FIRMWARE FOLDER MODULE FUNCTION
import sys

firmware, folder, module, function = sys.argv[1:5]
sys.path[:] = [
    folder,
    folder.rsplit("/", 1)[0] + "/device",
    firmware,
    firmware + "/root",
    ".frozen",
]
try:
    getattr(__import__(module), function)()
except Exception as error:
    sys.print_exception(error)
    sys.exit(1)
print("PASSED")
