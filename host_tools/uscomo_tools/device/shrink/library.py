"""Names that objects of the interpreter and of its libraries have."""

#: By library that the agent imports: what `dir()` finds in MicroPython 1.24's module and the types
#: in it, on unix or as documented for the ports; fields of tuples, which `dir()` does not list;
#: what CPython has beside that and the agent asks for. "builtins" also has what an app's modules
#: are asked for. A library that is not listed breaks the build.
LIBRARIES = {
    "asyncio": """
CancelledError Event IOQueue Lock Loop POLLERR POLLHUP POLLIN POLLOUT Server SingletonGenerator
Stream StreamReader StreamWriter Task TaskQueue ThreadSafeFlag TimeoutError aclose acquire argv
atexit awrite awritestr byteorder call_exception_handler cancel clear close core coro create_task
cur_task current_task data default_exception_handler done drain e event exc_info executable exit
gather get_event_loop get_exception_handler get_extra_info implementation io ioctl is_set lock
locked maxsize modules new_event_loop open_connection out_buf path peek ph_key platform poll pop
print_exception ps1 ps2 push queue_read queue_write read readexactly readinto readline release
remove run run_forever run_until_complete s select set set_exception_handler sleep sleep_ms
start_server state stderr stdin stdout stop stream stream_awrite sys ticks ticks_add ticks_diff
version version_info wait wait_closed wait_for wait_for_ms wait_io_event waiting write
    """,
    "binascii": """
a2b_base64 b2a_base64 crc32 hexlify unhexlify
    """,
    "builtins": """
ArithmeticError AssertionError AttributeError BaseException COMPONENTS EOFError Ellipsis Exception
GeneratorExit ImportError IndentationError IndexError KeyError KeyboardInterrupt LookupError
MemoryError NameError NotImplemented NotImplementedError OSError OverflowError RuntimeError
StopAsyncIteration StopIteration SyntaxError SystemExit TypeError UnicodeError ValueError
ViperTypeError ZeroDivisionError abs add all any append args bin bool bytearray bytes callable
center chr classmethod clear close co_flags compile complex copy count decode delattr deleter dict
difference difference_update dir discard divmod encode endswith enumerate errno eval exec execfile
extend fileno filter find float flush format from_bytes fromhex fromkeys frozenset get getattr
getter globals hasattr hash help hex id imag index input insert int intersection
intersection_update isalpha isdigit isdisjoint isinstance islower isspace issubclass issubset
issuperset isupper items iter join keys len list locals lower lstrip main map max memoryview min
next object oct open ord partition pend_throw pop popitem pow print property range read readinto
readline readlines real remove replace repr reverse reversed rfind rindex round rpartition rsplit
rstrip seek send set setattr setdefault setter slice sort sorted split splitlines start startswith
staticmethod step stop str strip sum super symmetric_difference symmetric_difference_update tell
throw to_bytes truncate tuple type union update upper value values write zip
    """,
    "deflate": """
AUTO DeflateIO GZIP RAW ZLIB close read readinto readline
    """,
    "gc": """
collect disable enable isenabled mem_alloc mem_free threshold
    """,
    "hashlib": """
digest md5 sha1 sha256 update
    """,
    "json": """
dump dumps load loads
    """,
    "machine": """
ADC ADCBlock ALT Counter DAC DEEPSLEEP_RESET Encoder HARD_RESET I2C I2S IN IRQ_FALLING
IRQ_HIGH_LEVEL IRQ_LOW_LEVEL IRQ_RISING ONE_SHOT OPEN_DRAIN OUT PERIODIC PIN_WAKE PULL_DOWN
PULL_HOLD PULL_UP PWM PWRON_RESET Pin PinBase RTC RTC_WAKE SD SDCard SOFT_RESET SPI Signal SoftI2C
SoftSPI Timer TouchPad UART USBDevice WDT WDT_RESET WLAN_WAKE alarm alarm_left any bitstream
bootloader datetime deepsleep deinit disable_irq drive duty duty_ns duty_u16 enable_irq feed flush
freq high idle info init irq lightsleep low machine mem16 mem32 mem8 memory mode now off on pull
read_u16 read_uv reset reset_cause rng sendbreak sleep soft_reset time_pulse_us timeout_ms toggle
txdone unique_id value wake_reason
    """,
    "micropython": """
RingIO any close const heap_lock heap_unlock kbd_intr mem_current mem_info mem_peak mem_total
opt_level qstr_info read readinto readline schedule stack_use write
    """,
    "network": """
AP_IF IF_AP IF_STA LAN PM_NONE PM_PERFORMANCE PM_POWERSAVE PPP SEC_OPEN SEC_WPA2_WPA3 SEC_WPA3
SEC_WPA_WPA2 STAT_ASSOC_FAIL STAT_BEACON_TIMEOUT STAT_CONNECTING STAT_CONNECT_FAIL STAT_GOT_IP
STAT_HANDSHAKE_TIMEOUT STAT_IDLE STAT_NO_AP_FOUND STAT_WRONG_PASSWORD STA_IF WLAN active config
connect country deinit disconnect hostname ifconfig ioctl ipconfig isconnected route scan
send_ethernet status
    """,
    "os": """
VfsFat VfsLfs1 VfsLfs2 VfsPosix chdir dupterm dupterm_notify errno fsync getcwd getenv ilistdir
listdir machine mkdir mkfs mount nodename open putenv release remove rename rmdir sep stat statvfs
sync sysname system umount uname unlink unsetenv urandom version
    """,
    "select": """
POLLERR POLLHUP POLLIN POLLOUT ipoll modify poll register unregister
    """,
    "socket": """
AF_INET AF_INET6 AF_UNIX IPPROTO_TCP IPPROTO_UDP IP_ADD_MEMBERSHIP IP_DROP_MEMBERSHIP MSG_DONTROUTE
MSG_DONTWAIT MSG_PEEK SOCK_DGRAM SOCK_RAW SOCK_STREAM SOL_SOCKET SO_BROADCAST SO_ERROR SO_KEEPALIVE
SO_LINGER SO_REUSEADDR accept bind close connect detach fileno getaddrinfo getsockopt inet_ntop
inet_pton listen makefile read readinto readline recv recvfrom send sendall sendto setblocking
setsockopt settimeout shutdown sockaddr socket write
    """,
    "ssl": """
CERT_NONE CERT_OPTIONAL CERT_REQUIRED MBEDTLS_VERSION PROTOCOL_DTLS_CLIENT PROTOCOL_DTLS_SERVER
PROTOCOL_TLS_CLIENT PROTOCOL_TLS_SERVER SSLContext check_hostname cipher close get_ciphers
getpeercert ioctl load_cert_chain load_verify_locations read readinto readline recv_into
set_ciphers setblocking tls verify_callback verify_mode wrap_socket write
    """,
    "struct": """
calcsize pack pack_into unpack unpack_from
    """,
    "sys": """
argv atexit buffer byteorder exc_info executable exit implementation machine maxsize modules name
path platform print_exception ps1 ps2 stderr stdin stdout version version_info
    """,
    "time": """
clock gmtime localtime mktime monotonic sleep sleep_ms sleep_us ticks_add ticks_cpu ticks_diff
ticks_ms ticks_us time time_ns
    """,
}
