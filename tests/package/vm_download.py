# Fetches a URL into a file over real sockets and prints what came of it:
# vm_download.py FIRMWARE URL FILE, on MicroPython or CPython.
import sys


def main(url, path):
    from uscomo import download

    try:
        report = download.download(url, path, 1 << 20, 1 << 20, bytearray(512))
        print("fetched", report)
        if report:
            print("reported", download.notify(report, 900))
    except download.DownloadError as error:
        print("failed", error.code, error.status)


sys.path[:0] = [sys.argv[1], sys.argv[1] + "/root"]
main(sys.argv[2], sys.argv[3])
