# The next version of hello, which does not work.


async def main():
    raise ValueError("a crash that is planned")
