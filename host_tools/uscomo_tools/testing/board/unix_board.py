# Runs inside the MicroPython unix VM: makes a littlefs image the board's "/", then starts as a
# board does. Arguments: IMAGE, and run | once | repl | cable | exec SCRIPT [ARGUMENT ...]
#   run   boot.py and main.py, for ever
#   once  boot.py, then the agent until nothing is left to do; the exit code tells the outcome
#   repl  boot.py, then leave the interpreter to `-i`
#   exec  boot.py, then a script of the board's own, as `mpremote exec` does
#   cable nothing: `unix_cable.py` imports this and goes on
#
# machine.WDT is there when the host watches: it tells the host the time-out and each feeding in
# the file IMAGE.watchdog, and the host ends the process that starves.
# IMAGE.power is there when the host wants to know and to command over several starts: four numbers
# of 32 bits, the operation that the power fails at (0 none), how much of it lands (of 256), the
# programs and the erases so far.
import os
import sys
import time
from array import array

import machine
import vfs

BLOCK = 4096
PROGRAM = 256
ERASED = b"\xff" * BLOCK  # made once: the board's heap has no 4 KB hole to spare later
# Exit codes by the last session's outcome; see uscomo.agent.OUTCOMES.
EXITS = {1: 0, 2: 4, 3: 4, 6: 3}
HARD = 43  # exit code of machine.reset()
# Modes of the terminal on a cable, without another meaning there.
INTERRUPTED = 0o200  # NOFLSH: code runs that Ctrl-C interrupts
DEAF = 0o1000  # ECHOCTL: code runs that Ctrl-C does not interrupt
STARTING = 0o400  # TOSTOP: nobody would take what is typed


class FileDevice:
    # A file that a program dropped is closed while the heap is collected, when nothing can be
    # allocated: reading and writing make no new objects.
    def __init__(self, path):
        self.file = open(path, "r+b")
        self.file.seek(0, 2)
        self.count = self.file.tell() // BLOCK
        self.left = int(os.getenv("USCOMO_CUT_AT") or 0)
        self.landed = 128
        self.programs = self.erases = 0
        self.power = None
        try:
            self.power = open(path + ".power", "r+b")
            self.numbers = array("I", bytes(16))
            self.counts = memoryview(self.numbers)[2:]
            self.power.readinto(self.numbers)
            self.programs, self.erases = self.counts
        except OSError:
            pass

    def readblocks(self, number, buffer, offset=0):
        self.file.seek(number * BLOCK + offset)
        self.file.readinto(buffer)

    def writeblocks(self, number, buffer, offset=0):
        self.file.seek(number * BLOCK + offset)
        self.programs += 1
        self.write(buffer)

    def meter(self):
        self.power.seek(0)
        self.power.readinto(self.numbers)
        self.landed = self.numbers[1]
        self.left = int(self.numbers[0] == self.programs + self.erases)
        self.numbers[2] = self.programs
        self.numbers[3] = self.erases
        self.power.seek(8)
        self.power.write(self.counts)
        self.power.flush()

    def write(self, buffer):
        if self.power:
            self.meter()
        self.left -= 1
        if not self.left:  # the power goes in the middle of this one
            self.file.write(memoryview(buffer)[: len(buffer) * self.landed // 256])
            self.file.flush()
            os.system("kill -9 $PPID")
        self.file.write(buffer)
        self.file.flush()

    def ioctl(self, operation, argument):
        if operation == 4:
            return self.count
        if operation == 5:
            return BLOCK
        if operation == 6:
            self.file.seek(argument * BLOCK)
            self.erases += 1
            self.write(ERASED)
        return 0


class Watchdog:
    file = None

    def __init__(self, id=0, timeout=5000):
        self.timeout = timeout
        self.fed = 0
        self.feed()

    def feed(self):
        now = time.ticks_ms()
        if not self.fed or time.ticks_diff(now, self.fed) >= 20:
            self.fed = now or 1
            self.file.seek(0)
            self.file.write(b"%d %d\n" % (self.timeout, self.fed))
            self.file.flush()


class Machine:
    # A built-in module takes no new names: this one stands in for it.
    WDT = Watchdog
    soft_reset = machine.soft_reset
    idle = machine.idle

    def reset():
        raise SystemExit(HARD)


class Micropython:
    # As Machine. Who holds the terminal's other end interrupts the VM; the VM's own kbd_intr()
    # would make that deadly.
    def kbd_intr(character):
        set_mode(DEAF if character < 0 else INTERRUPTED)


def set_mode(mode):
    modes = termios.tcgetattr(0)
    modes[3] = mode
    termios.tcsetattr(0, termios.TCSANOW, modes)


def execute(path):
    with open(path) as file:
        source = file.read()
    exec(compile(source, path, "exec"), {"__name__": "__main__"})


def start(names, with_main):
    # As a firmware's main program around the interpreter; `names` are those of the REPL.
    names.pop("unix_board")
    sys.modules.pop("unix_board")
    for path in ("/boot.py", "/main.py")[: 2 if with_main else 1]:
        try:
            with open(path) as file:
                source = file.read()
        except OSError:
            continue
        try:
            try:
                code = compile(source, path[1:], "exec")
                set_mode(INTERRUPTED)
                exec(code, names)
            except SystemExit:
                raise
            except BaseException as error:
                set_mode(STARTING)
                sys.print_exception(error)
            set_mode(STARTING)
        except KeyboardInterrupt:  # a firmware does not see one that is so late
            set_mode(STARTING)
    os.putenv("MICROPYINSPECT", "1")
    set_mode(INTERRUPTED)


image, mode = sys.argv[1:3]
script = None
if mode == "exec":
    # Read before the host's files go out of sight.
    with open(sys.argv[3]) as file:
        script = file.read()
try:
    Watchdog.file = open(image + ".watchdog", "r+b")
    sys.modules["machine"] = Machine
except OSError:
    pass
flash = FileDevice(image)
counts = os.getenv("USCOMO_FLASH_COUNTS")
if counts:
    counts = open(counts, "a")
system = vfs.VfsLfs2(flash, progsize=PROGRAM, readsize=PROGRAM)
vfs.umount("/")
vfs.mount(system, "/")
os.chdir("/")
sys.path[:] = ["", ".frozen", "/lib"]
sys.argv[:] = sys.argv[3:]
if mode == "cable":
    with_main = bool(sys.argv)
    import termios

    import micropython

    for name in dir(micropython):
        if name[0] != "_" and name != "kbd_intr":
            setattr(Micropython, name, getattr(micropython, name))
    sys.modules["micropython"] = Micropython
else:
    try:
        execute("/boot.py")
        if mode == "run":
            execute("/main.py")
        elif mode == "once":
            # What main.py does, but for the end.
            import uscomo_boot

            uscomo_boot.attempt()
            try:
                import uscomo

                code = EXITS.get(uscomo.run(True), 1)
            except Exception as error:
                uscomo_boot.failed(error)
            sys.exit(code)
        elif mode == "exec":
            exec(script, {"__name__": "__main__"})
    finally:
        if counts:
            counts.write(f"{flash.programs} {flash.erases}\n")
            counts.close()
