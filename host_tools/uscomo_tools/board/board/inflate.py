# Runs CODE, which is deflated and in base64.
from binascii import a2b_base64
from io import BytesIO

from deflate import RAW, DeflateIO

exec(DeflateIO(BytesIO(a2b_base64(CODE)), RAW, 12).read())
