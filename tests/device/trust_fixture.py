# Made by tests/tools/make_trust_fixture.py; base64 throughout.
# fmt: off
KEY_IDS = {
    "first": "b445a69dd0ea9dae",
    "second": "254449e1b04c78c4",
    "third": "3e92f82a58124654",
}
MODULI = {
    "first": (
        "0CGr5KnWCqcFyecuOnOXZao6qjl/zoVH20aXCnzbNV9QMAwsdvO6nKcCu/0Q6xc/0y6bG10rT52+wS43NcunmyIk"
        "fYfUsl5fO0G8ktEXVXVOvUi8SCmDe1qiQF0Xg/hlN6lgC64NoIZ2m1+4u8LEQQQj671wUDE3MI8SvFt74gtriWEk"
        "a2naK1qd4FM7zeiUlLtt2UfDIIWbWx6Ygfu3Kh0bHdy7t/utS+G1GqwCvpAUA3EHp30qboTxiDn5H9VjU1VT+O0q"
        "bhUrKVsqbmQMWm16d+tTRd0kp+DpLka9W5eFagOQJ1Ox1RmvuqpQgPCuhVejrB8Z4DBkvnQHwTu5Uw=="
    ),
    "second": (
        "v7PZVsOH13X7PVD7LuFpiAM+udjgNeKqT4KKTk1lKf1zO1t4h5BTCvg4R59HE8RWZ6UjAl0uSlsArdwNuL0YcGsW"
        "6LlD6FDPUVkEVwM4AAkCZZ8SmL5p3qfT/OI26PmGcqGf48PsGuoKqF35K/HwsLEB/5mml8V+wIHjKZ7V780hubaq"
        "ZJKZGLPYmI8HrCkEoNbHG9VHvjTMDV90VHSSTTqCaDgH+ALwAUIzs2deuDtOqPsrQyhvmJgCq6XyeUiVBMQBf2+H"
        "QzaQab4+wUfFSu+zVFwXX+mXx/QKzs2quhZmQPTpDKY6Vb6fwMlNjTWIJw412qE2sgBTu83qswe0zQ=="
    ),
    "third": (
        "2BmPP7QJcyBLM86knEFHvfBXaJG8Y9l0lZV84JvbAkRCGNSfBfTvUmK0dFb08WGU2Da1wHt3mWRlyyR+7nlKKRej"
        "ViYSK8ydUXr6p9dDsu58ZC9wE1ysBK+tvIeT1iAC9JQUUu3h4OO5th7ennrzJKLcYbbOT9FT3eY4yswld+JhEi4b"
        "WckfBN8cJf1UKeOxYdoWxroluYztvLDc2xRFlJF1y2Nk4Cp9eE5jX17L1nAWz1STOuVl8/urvxLUIz3cszVfKFWx"
        "uxwW2FDN9olMf/Ce9WkZgL/FO757VKJUh96vQlW6TUycol+eYO4fggAzthzdVI1NZIPynh8z5hUJBQ=="
    ),
}
# With the second key, endorsed by the first one.
PACKAGE = (
        "H4sIAAAAAAAC/8tNzMtMSy0uYaAhMAACMxMTMA0E6LSBqZkxnA0RNzc1MGJQMGCgAygtLkksAlrJMDJBtVJaflFu"
        "YomSlaGOUmaKkpVScn6uXmpFYm5BTqpeQWJydmJ6qpIOSLQgPy81r6RYySq6GlNlYkEBUFVeYm4qUMIRzClLLSrO"
        "zM8D8g31DPQMgCJFqTmpicWpYLtSMouAMhBtqXllQHZuZnJRfkFlSQZQD0ispKgSrqKgKL8sMyUVZDlUBEjmZCYp"
        "xYJMLSzNLALLxdbG1nKZJVmYJRmZG6elGZukJacaWqYARQxMUtPSTBON00zNTcwTUxJNUhMTjYzSDFNMLJMNDFNN"
        "jVJSkswtzE2TTJIUDBWAhusDsV5BJZdZaqqpRbJRkqWZsamBaaK5gXmyUbKhqZmRSUqShUmSZVqimYG5WbKJgZmB"
        "RbJlYrKBkYWxaYpJYppZooWJgbm5gpmBAdi8nPz0fL2kzDyuQRX/udD8r1ecmT5A+d/QxAgt/xsaGJmaj+Z/egAm"
        "VRfPhxt8Ko4wMuzffDPscPv10t+2Ab/1HmZ2MNvtvPHA9NEq/6YuP99Uzb/F1tEV7ROCuX5YuM93Fz4Slr5UmSlW"
        "zyuaYe0d3h17JQqyxV7sdH4RcD4wkiWc2YKBkyl1vtCMfZn3ll/+88jsxc+2ooXzHx9+I/WKa0XsT+2PHzZsZPw/"
        "c9n0o3UHGh9rzrv6/qzizm2rUibNlNh8Y0Y/+xpNlgXXjktfdd9ncoY3viSkZJKvVVOGBfsPpg+MTsab0+N2WPut"
        "+K3trJE/YwbT6qWfKj2mshxhrM9vdzabkLnP7qD7Ua/3m0NixONfTj/+hevc2VW7xNIcvrzkWWYVum/+gZO+vaYd"
        "6nymtxaabWII3n321Wb2LWe3uC6be+HV3HXKO0R//F0sncjy51Ya82cVA+HQo7vCg3cLpV5Y+WDCqjW5IskXJWP2"
        "pG5ZfW6a68+zflXqXoblvH+fcfZ5v1sVolnttqj8PJ/hy5fvH8y4Ilf4rUDm83IndZuTKWlf0sIfRUd82/Q6t29p"
        "1KtjnwMfK4Sf8JweEf8n/IFlZf21X1PXML4/lr82yLUrReDiKtuC3neBL10inS/f+3VvaVjx4vtLbn8oZHj3u9Zi"
        "zflI080z9mloLu+bqvHmhqNnBlPwltVKF3Yrt56zOHe3XYzHxsUh+5Gvi6/7pRj++23t6Q3HWb66vq3Pn3t9ds/H"
        "W7Gu1jmXYp9zzciKMHZjOGduua3pQ0vfIdn0PXlH81fIW5lvWJvPv4nd7RvXuqL+jmsHBCzSpvqeY7M9F6aYGd6y"
        "Se6Lx4/0p2w7jv2R4Dq/9nf1Xo1dzlP2h2Y9/yDr+XH930/aDvrGJZtYpRxX1udf3sDcLjU76e/rlSZ3X7x5spgj"
        "9eL/DV+mqb+vnWWoxrugI27WsoZtOhdvv9JMWT2nOGyCWvn6BXViaeb/Reun/03t+2V4Srrf+UZHfa7Y5zt1c8/N"
        "Ly0tnb1n/hH5I1fsZcLVD+1jz+0ustliv/rKuwk7cqwl/xzTvVx3m1X33p4Lzl8aoqYLbBIqLulZzB6T/DvB7Orm"
        "4x7bH+uyLO34d5YzN/zu2SkT125fOrVLN2jiO7Z3jxfxhdvPtNg+b0Tlf0RNN3DtP2AVgN7+MzMxGy3/6QEMGUbB"
        "SAbILdOBav8ZGhugt/8MTUf7f3QBRqNgFNAAjJaso2AUjIJRMLgBALV4+T0AGAAA"
    )
# name, manifest.sig of type 2 for b'message', whether it is good where the first is the
# only anchor
ENDORSEMENTS = (
    ("right", (
        "AiVESeGwTHjEAQC/s9lWw4fXdfs9UPsu4WmIAz652OA14qpPgopOTWUp/XM7W3iHkFMK+DhHn0cTxFZnpSMCXS5K"
        "WwCt3A24vRhwaxbouUPoUM9RWQRXAzgACQJlnxKYvmnep9P84jbo+YZyoZ/jw+wa6gqoXfkr8fCwsQH/maaXxX7A"
        "geMpntXvzSG5tqpkkpkYs9iYjwesKQSg1scb1Ue+NMwNX3RUdJJNOoJoOAf4AvABQjOzZ164O06o+ytDKG+YmAKr"
        "pfJ5SJUExAF/b4dDNpBpvj7BR8VK77NUXBdf6ZfH9ArOzaq6FmZA9OkMpjpVvp/AyU2NNYgnDjXaoTayAFO7zeqz"
        "B7TNtEWmndDqna4juBX4/aMbYQT82mYD8yQwE1XFuldTuxJl0KngkKqsbRRj0RlcvGW0q86WRfnNTnonSjF3Df3m"
        "CY5L7qpUKXtGonfPDjHp6e/gmNQecfZwHPOnQic8yWRm9GZX4ltY9rLrbY6lWurG81HjIFfISZdYX/xX4Dl5f9b6"
        "lawB78ZvrVJFimQQ0ao9cI3uUelEWUPT3vrepVZzo9+k2/BxAO77fTisz1k1s5i+KCmnjpUo7NhBSWgCU7SrItC7"
        "I4XOOM7dhxYMPERAa+JNRE1H0lwP34aHZ4DHBPVF7X9vndebjPHaXUU7bNJd5wqYalgzRgDONzm2gvCEjsIdZ7xu"
        "xW+oOVMJhJ2l1IWpzndm1Xg89KrvZJNuMkAKsLAz68BKlKw4gr2+FxAo8BPR1b+0o5HFqkwkxVNLgKejC6aPqr1a"
        "iymS/LaSDyrTgZwWZ4BzcvmJw/I0TAiA26Q8zJTb49uN8hvJoMcXEsO7kMz+pfQG+QazzgavWba8J+S/I6q7nvm7"
        "EEmYhNIvRqFRYlFGFZm7DJ3DkWCxArZjCHSG3kb/Cpc8wwOj1g9HzQc4bIss5iTHNZqtevYqPsGOmAciGZCDcBdS"
        "WfaLaZzvTkf2T9sBFwU54zqbD0U6QyjoJmzJ3Zj7XsCau7xnJlxRYJOvrk01jVl+1hOsaHYU6jQkQyOk2g=="
    ), True),
    ("4096 bits", (
        "AkbHfLchJUByAgCvByiyNO6tA4jg6i6YOdan1GGrv/5YYn1SbyAJLSjUj2cFzBuP6V2Gl+vi+TGmsA/sYGFl+YV1"
        "WZfXf1hPrTMommtP+wvUBjNzgFS43p6o5BzFtLkl7qHpJ5yxU/kNcY3cCMBNyJWoXaWf8yVJ/blgBJL4PgJikAPA"
        "Z4FfaiJyHDYLFHQkTRtn36iLHpsuQydj2yLj8jhFn6dZiS0+y2P6ZbZYzSYuo1XSp9ME0WohaeVM4q3FtfFeSguL"
        "HGlYGY5nDIpbIHlICpt9aeaIphhDHAzUvk7Y6q5SVpR+u7EjicyPgHsPByL2lveUWqMjDnwIJmzgBtpc6GDACmyo"
        "IOKDgXY3xWvHWywkNLVKwiE0SXOCLG0Nx1cEDJgMw8XnKfXYVc6sCiz3xWDoNu7GVbUNcmsu9hYMQJZer9sGzR0l"
        "bxAXoFXW0mWwR7Pa3dTn4r4bQutazlnLljyY3ITWsfrNY7jG/abqVSEMgNLU4BuF6KnPvKFUReP1ekDOgNtnRN6A"
        "c4YiAYYETBveTKE7e/FTrolekhNrid3R9zV9UGiTMH7+EKO/2EnQOWVk4en0JzjQVrins0Qte19OEYrAKtDG4lMG"
        "RY0+EldBfucG811a0sBLCDm6nXLIwGs2KzcUiu2ZEBsn+WUCm+OAQCoS98459zedpgRxi6oMWpTOa2X1m7RFpp3Q"
        "6p2uXGRnzgtioiCtNI/QMfbUfaTPDt56zW4cL2tHMabAgQBZ8lbr9qfkd2PObP+uJx2u5gl9FRda8uueV/h1/Fam"
        "/+X9y6J1Ed8Yr7pa4/YMNsaJ3P77Zv/fafdDNXezArdXP/+prUZcMUWQLVvZ3LCsvaVwjGghI1T8JLzLTbFRYe6F"
        "xnXCC6XxjUUCldegVr4JOr7DMPGNzXDo9kfOk0zcxXE0O1y9FduxXrMPqBe3MPVADmzKkIlHC+MNeGL887T0IfGa"
        "FtS8wxExoAn8w+rGJSYMHzIRfkjFakk76RtI7gVunVARcEifsZti73IkkEimBA/L+bawwRUufC0RERCChgIWMmco"
        "gzI3brVyPQMF/viEIbqyflh7RR/Tr34w3z+AYHz4xHvL2Hzs+t/2XxndlOehCaXwXjTrOlevAj2ggdJ3P2GBDRzK"
        "oE+Qgl/GccJeOpl6gR3HyPNgFoW2Orc7dJtaX8V4HPnnmX+dcFxG0I90PBDh1pl9my895f689E81d1J8RV8nDGQb"
        "5PgwG4GNVjSoePQXzH9RcGx+zwtr6XlUkgwleosn1URnAgP2jr0EsNKXJIz3gEuBAKEQTT4SdojV8BMHx3uglIm9"
        "fWctftSZ4Dp0vW9nVu4oB1MPgUPHret5M1dC42FjqYd0maNMJJFRfzQHuMy9yaiFlD9LmyS+EGi2hfge4tm9KRPY"
        "PzRTIdXRiGHeEc7kRmmidh9k8JbNfxT5mQBfG8LF08V05ovGCaRPLqvYfBpBVYVqEroVOC6dV77RnZRXw1zf81PE"
        "Ug7o1t3QrRvqhpZ3uM/f2UJJx3Y9cclWvc5pDuQZs8TXMk8IKM8iD4JyQVFQLTkkMGFWCV59STf4p405TCLa592w"
        "/r/a5XmmZxgJ83xriVqdLQfj/qWZc2mJxNfeOstcdGYvBuc4pnODWZXmJtSdc/cAnyRctiHvma/Tnsz823TcXxzM"
        "zr5+0hFt5b24M9i25Mez1R9jNEu4/dJ4q3hA8hQ37vu+Us7d2ANM/Te/5U8F"
    ), True),
    ("the anchor's own key", (
        "ArRFpp3Q6p2uAQDQIavkqdYKpwXJ5y46c5dlqjqqOX/OhUfbRpcKfNs1X1AwDCx287qcpwK7/RDrFz/TLpsbXStP"
        "nb7BLjc1y6ebIiR9h9SyXl87QbyS0RdVdU69SLxIKYN7WqJAXReD+GU3qWALrg2ghnabX7i7wsRBBCPrvXBQMTcw"
        "jxK8W3viC2uJYSRradorWp3gUzvN6JSUu23ZR8MghZtbHpiB+7cqHRsd3Lu3+61L4bUarAK+kBQDcQenfSpuhPGI"
        "Ofkf1WNTVVP47SpuFSspWypuZAxabXp361NF3SSn4OkuRr1bl4VqA5AnU7HVGa+6qlCA8K6FV6OsHxngMGS+dAfB"
        "O7lTtEWmndDqna4HW2DcSO+I8w+U2hQk96C2XRHD0n3LlrSxunikwcYyEVIDR8LpSTT9+PEEkXrSsdv6eAr2x7UP"
        "hMhQf02AYdcz4W2G3Gy4WS05pdhspQK7LG9lYQdcJvqIX163Z4RXqxZOswhfO1mPE/UfP1OFur8NoEGi1qx/37Pp"
        "uVintf0p/CLO98Hl4HGYM9H8k5seQ1Ah7uGLvn4hFRgekQoO3A7UouI7GLKXT0Thagl3hUlOKNqynbn6r5vq7UOX"
        "gBI7SgpKJ0IDcz7MT7TjRSzt8P9F8+6EIOzj/TLyh1kRV3i5Ut5eKuKNp+WPmVvWdRVt/dlG+GRkzL2Pj9puEzda"
        "mo0LX4GDN/tLvhkZc9vS4PaUw8r31ZnbniW4XZfM0iXKjmWgHcNlOQCxEUabebAVQ0PoTNkbdqdg/NslUpL997vz"
        "QqpDL/7rFkmPUuFelQudBhGRUFxuJ45+mHKBdkjm5f0PpFe9JUyh4Gj4v8XbAtwe8lJPUKUTD0Wj5sQA4fuuVP+N"
        "86PvtREh8tAeImJFPmNUx8g0lksqE5Zio2joG89e8n/MFoNm5UIoNN5tL8u6s+CK4JMRYkAzwCcznjyz+1M/RfYB"
        "ONy5cktsJnV675QwK5EJ99glGwXbiy4eWDapCh+zZ3G3EMo662Xk3kmSzu7hSAn/+tAY0qHbz/7oo/iang=="
    ), True),
    ("by a key that is no anchor", (
        "AiVESeGwTHjEAQC/s9lWw4fXdfs9UPsu4WmIAz652OA14qpPgopOTWUp/XM7W3iHkFMK+DhHn0cTxFZnpSMCXS5K"
        "WwCt3A24vRhwaxbouUPoUM9RWQRXAzgACQJlnxKYvmnep9P84jbo+YZyoZ/jw+wa6gqoXfkr8fCwsQH/maaXxX7A"
        "geMpntXvzSG5tqpkkpkYs9iYjwesKQSg1scb1Ue+NMwNX3RUdJJNOoJoOAf4AvABQjOzZ164O06o+ytDKG+YmAKr"
        "pfJ5SJUExAF/b4dDNpBpvj7BR8VK77NUXBdf6ZfH9ArOzaq6FmZA9OkMpjpVvp/AyU2NNYgnDjXaoTayAFO7zeqz"
        "B7TNPpL4KlgSRlSyEaHqfktcrk2i6WSKxiJEWnFyMKwWwhdX2c0q3sZRGTk98/2seMnFtTQYX8ysUwEzyvPD22vS"
        "o2NOi4Zqivvv9i1fFUh0UXl/NSO/U9LUhQVbiIlxC6HmEdumS893EpRKnHEoHQ5ITgQrKt9++GITAezEEZ3nALQL"
        "OIqOQ/BtSyE+PfmzvY3FbwldTtlyfC6MBVVMFJhWiBTTC1yrrnkuYpOt3MAJaEfFoVYrHHq6dyBC/VFI8MZ1UHFL"
        "ubMowg6SNyiljT0nAWPiSdiazQWdz2oMs5R/6NVsrC2XWVBsu+cYktHnW5FhuLtgLgVSY4u54tCTNp5hI+n/lCLP"
        "iRfLOVMJhJ2l1IWpzndm1Xg89KrvZJNuMkAKsLAz68BKlKw4gr2+FxAo8BPR1b+0o5HFqkwkxVNLgKejC6aPqr1a"
        "iymS/LaSDyrTgZwWZ4BzcvmJw/I0TAiA26Q8zJTb49uN8hvJoMcXEsO7kMz+pfQG+QazzgavWba8J+S/I6q7nvm7"
        "EEmYhNIvRqFRYlFGFZm7DJ3DkWCxArZjCHSG3kb/Cpc8wwOj1g9HzQc4bIss5iTHNZqtevYqPsGOmAciGZCDcBdS"
        "WfaLaZzvTkf2T9sBFwU54zqbD0U6QyjoJmzJ3Zj7XsCau7xnJlxRYJOvrk01jVl+1hOsaHYU6jQkQyOk2g=="
    ), False),
    ("by such a key in an anchor's name", (
        "AiVESeGwTHjEAQC/s9lWw4fXdfs9UPsu4WmIAz652OA14qpPgopOTWUp/XM7W3iHkFMK+DhHn0cTxFZnpSMCXS5K"
        "WwCt3A24vRhwaxbouUPoUM9RWQRXAzgACQJlnxKYvmnep9P84jbo+YZyoZ/jw+wa6gqoXfkr8fCwsQH/maaXxX7A"
        "geMpntXvzSG5tqpkkpkYs9iYjwesKQSg1scb1Ue+NMwNX3RUdJJNOoJoOAf4AvABQjOzZ164O06o+ytDKG+YmAKr"
        "pfJ5SJUExAF/b4dDNpBpvj7BR8VK77NUXBdf6ZfH9ArOzaq6FmZA9OkMpjpVvp/AyU2NNYgnDjXaoTayAFO7zeqz"
        "B7TNtEWmndDqna6yEaHqfktcrk2i6WSKxiJEWnFyMKwWwhdX2c0q3sZRGTk98/2seMnFtTQYX8ysUwEzyvPD22vS"
        "o2NOi4Zqivvv9i1fFUh0UXl/NSO/U9LUhQVbiIlxC6HmEdumS893EpRKnHEoHQ5ITgQrKt9++GITAezEEZ3nALQL"
        "OIqOQ/BtSyE+PfmzvY3FbwldTtlyfC6MBVVMFJhWiBTTC1yrrnkuYpOt3MAJaEfFoVYrHHq6dyBC/VFI8MZ1UHFL"
        "ubMowg6SNyiljT0nAWPiSdiazQWdz2oMs5R/6NVsrC2XWVBsu+cYktHnW5FhuLtgLgVSY4u54tCTNp5hI+n/lCLP"
        "iRfLOVMJhJ2l1IWpzndm1Xg89KrvZJNuMkAKsLAz68BKlKw4gr2+FxAo8BPR1b+0o5HFqkwkxVNLgKejC6aPqr1a"
        "iymS/LaSDyrTgZwWZ4BzcvmJw/I0TAiA26Q8zJTb49uN8hvJoMcXEsO7kMz+pfQG+QazzgavWba8J+S/I6q7nvm7"
        "EEmYhNIvRqFRYlFGFZm7DJ3DkWCxArZjCHSG3kb/Cpc8wwOj1g9HzQc4bIss5iTHNZqtevYqPsGOmAciGZCDcBdS"
        "WfaLaZzvTkf2T9sBFwU54zqbD0U6QyjoJmzJ3Zj7XsCau7xnJlxRYJOvrk01jVl+1hOsaHYU6jQkQyOk2g=="
    ), False),
    ("by itself", (
        "AiVESeGwTHjEAQC/s9lWw4fXdfs9UPsu4WmIAz652OA14qpPgopOTWUp/XM7W3iHkFMK+DhHn0cTxFZnpSMCXS5K"
        "WwCt3A24vRhwaxbouUPoUM9RWQRXAzgACQJlnxKYvmnep9P84jbo+YZyoZ/jw+wa6gqoXfkr8fCwsQH/maaXxX7A"
        "geMpntXvzSG5tqpkkpkYs9iYjwesKQSg1scb1Ue+NMwNX3RUdJJNOoJoOAf4AvABQjOzZ164O06o+ytDKG+YmAKr"
        "pfJ5SJUExAF/b4dDNpBpvj7BR8VK77NUXBdf6ZfH9ArOzaq6FmZA9OkMpjpVvp/AyU2NNYgnDjXaoTayAFO7zeqz"
        "B7TNJURJ4bBMeMQx6jqxd52K+X6q4mARMP8UfTMRLGVUWGfdZSqa1SWO79N+0anUqTMl0ZZqKo/wzk/b5DMU6ZmL"
        "dBCdv6uE3i8lfMmAutTmoRrcALWHYh7F+Yrl/AR6rCLryQlOFK2IVS5zegZ3lIkA7F1++FK71NONGfWUNsooBKA3"
        "53pF9Ywo/xlQuzP/R8v9yunvjyaJhgFR/kcVqTLIqO0lgeHkOY+1OpHmgK33RBhWPcMhG6PYVC+ktjODqWauwfFq"
        "uqPewOlYAgQKEmvTZk30Dpq3yUGBhFNucZJaEzMMm2q+dtT+lV0WBsIZZfg2Jr6pCudtg3BgszL01d+xC0/2XBX2"
        "P7sQOVMJhJ2l1IWpzndm1Xg89KrvZJNuMkAKsLAz68BKlKw4gr2+FxAo8BPR1b+0o5HFqkwkxVNLgKejC6aPqr1a"
        "iymS/LaSDyrTgZwWZ4BzcvmJw/I0TAiA26Q8zJTb49uN8hvJoMcXEsO7kMz+pfQG+QazzgavWba8J+S/I6q7nvm7"
        "EEmYhNIvRqFRYlFGFZm7DJ3DkWCxArZjCHSG3kb/Cpc8wwOj1g9HzQc4bIss5iTHNZqtevYqPsGOmAciGZCDcBdS"
        "WfaLaZzvTkf2T9sBFwU54zqbD0U6QyjoJmzJ3Zj7XsCau7xnJlxRYJOvrk01jVl+1hOsaHYU6jQkQyOk2g=="
    ), False),
    ("statement for endorsement", (
        "AiVESeGwTHjEAQC/s9lWw4fXdfs9UPsu4WmIAz652OA14qpPgopOTWUp/XM7W3iHkFMK+DhHn0cTxFZnpSMCXS5K"
        "WwCt3A24vRhwaxbouUPoUM9RWQRXAzgACQJlnxKYvmnep9P84jbo+YZyoZ/jw+wa6gqoXfkr8fCwsQH/maaXxX7A"
        "geMpntXvzSG5tqpkkpkYs9iYjwesKQSg1scb1Ue+NMwNX3RUdJJNOoJoOAf4AvABQjOzZ164O06o+ytDKG+YmAKr"
        "pfJ5SJUExAF/b4dDNpBpvj7BR8VK77NUXBdf6ZfH9ArOzaq6FmZA9OkMpjpVvp/AyU2NNYgnDjXaoTayAFO7zeqz"
        "B7TNtEWmndDqna4zgsuPwXDgS4Bv2C7e3feYOTVUEN0qgSjm5LjvjagqjyKwMvuDLTIMU+DKoCcGTnciPU25D/kw"
        "Xwk5qg/e+6cxoxxNeXUHXEMbfQoX2fLgOthETrpaGSJS6OLO3jtWqCaebq5Ku5mWH76ybWUOW0EKRgt6z3+kKA7i"
        "7NZvOv7KYKQKz0v4w9I2VeRMoKttDTr6cUDVwOFnrAnZ1oK0eFNw0qxEWT7LHcV57ZNIoOUsKlVghLJ0tm16qngv"
        "yUt76HHLpy+qmUKy0UCF7Qze3rA2eUjj0lkiKVn1Dwh3iDDLrz3nn9bZfkVNTfmqukmfOOtqQRrTleij37vv10Zy"
        "gS27OVMJhJ2l1IWpzndm1Xg89KrvZJNuMkAKsLAz68BKlKw4gr2+FxAo8BPR1b+0o5HFqkwkxVNLgKejC6aPqr1a"
        "iymS/LaSDyrTgZwWZ4BzcvmJw/I0TAiA26Q8zJTb49uN8hvJoMcXEsO7kMz+pfQG+QazzgavWba8J+S/I6q7nvm7"
        "EEmYhNIvRqFRYlFGFZm7DJ3DkWCxArZjCHSG3kb/Cpc8wwOj1g9HzQc4bIss5iTHNZqtevYqPsGOmAciGZCDcBdS"
        "WfaLaZzvTkf2T9sBFwU54zqbD0U6QyjoJmzJ3Zj7XsCau7xnJlxRYJOvrk01jVl+1hOsaHYU6jQkQyOk2g=="
    ), False),
    ("endorsement of another key", (
        "AiVESeGwTHjEAQC/s9lWw4fXdfs9UPsu4WmIAz652OA14qpPgopOTWUp/XM7W3iHkFMK+DhHn0cTxFZnpSMCXS5K"
        "WwCt3A24vRhwaxbouUPoUM9RWQRXAzgACQJlnxKYvmnep9P84jbo+YZyoZ/jw+wa6gqoXfkr8fCwsQH/maaXxX7A"
        "geMpntXvzSG5tqpkkpkYs9iYjwesKQSg1scb1Ue+NMwNX3RUdJJNOoJoOAf4AvABQjOzZ164O06o+ytDKG+YmAKr"
        "pfJ5SJUExAF/b4dDNpBpvj7BR8VK77NUXBdf6ZfH9ArOzaq6FmZA9OkMpjpVvp/AyU2NNYgnDjXaoTayAFO7zeqz"
        "B7TNtEWmndDqna6nan647A/V1yrNm7LJsh4NzPEdUPd6g3xURazc4Vdt8FSNnhc6rbYWFRMp8sukdbaTTaHWjnXw"
        "Nb/wpfKwHuDkL9RTsA3AsBTDmVDrEKMr+YRbPMf/UdTQL3lQ8S9noioqQKJ2U3bPfx/tRjDbgWvketBq4ZvNQYYZ"
        "mk6kbxiTtpeqI0xeDjoGCQnLEcjxFM3Pq3pghie6BAX74N3re70dG1puyeSYmYmJTEctteN/kLDqFP6Qi7jUgjXf"
        "uPSx421rBluvJjBXPDYBZ/k4sIoi3VoSpZ99kO1wWDU8Sa5EfeIZHS/kXT0kbXkuXIx3ojPfLiJQqjLjdUCp/50F"
        "rEISOVMJhJ2l1IWpzndm1Xg89KrvZJNuMkAKsLAz68BKlKw4gr2+FxAo8BPR1b+0o5HFqkwkxVNLgKejC6aPqr1a"
        "iymS/LaSDyrTgZwWZ4BzcvmJw/I0TAiA26Q8zJTb49uN8hvJoMcXEsO7kMz+pfQG+QazzgavWba8J+S/I6q7nvm7"
        "EEmYhNIvRqFRYlFGFZm7DJ3DkWCxArZjCHSG3kb/Cpc8wwOj1g9HzQc4bIss5iTHNZqtevYqPsGOmAciGZCDcBdS"
        "WfaLaZzvTkf2T9sBFwU54zqbD0U6QyjoJmzJ3Zj7XsCau7xnJlxRYJOvrk01jVl+1hOsaHYU6jQkQyOk2g=="
    ), False),
    ("manifest signed by the anchor", (
        "AiVESeGwTHjEAQC/s9lWw4fXdfs9UPsu4WmIAz652OA14qpPgopOTWUp/XM7W3iHkFMK+DhHn0cTxFZnpSMCXS5K"
        "WwCt3A24vRhwaxbouUPoUM9RWQRXAzgACQJlnxKYvmnep9P84jbo+YZyoZ/jw+wa6gqoXfkr8fCwsQH/maaXxX7A"
        "geMpntXvzSG5tqpkkpkYs9iYjwesKQSg1scb1Ue+NMwNX3RUdJJNOoJoOAf4AvABQjOzZ164O06o+ytDKG+YmAKr"
        "pfJ5SJUExAF/b4dDNpBpvj7BR8VK77NUXBdf6ZfH9ArOzaq6FmZA9OkMpjpVvp/AyU2NNYgnDjXaoTayAFO7zeqz"
        "B7TNtEWmndDqna4juBX4/aMbYQT82mYD8yQwE1XFuldTuxJl0KngkKqsbRRj0RlcvGW0q86WRfnNTnonSjF3Df3m"
        "CY5L7qpUKXtGonfPDjHp6e/gmNQecfZwHPOnQic8yWRm9GZX4ltY9rLrbY6lWurG81HjIFfISZdYX/xX4Dl5f9b6"
        "lawB78ZvrVJFimQQ0ao9cI3uUelEWUPT3vrepVZzo9+k2/BxAO77fTisz1k1s5i+KCmnjpUo7NhBSWgCU7SrItC7"
        "I4XOOM7dhxYMPERAa+JNRE1H0lwP34aHZ4DHBPVF7X9vndebjPHaXUU7bNJd5wqYalgzRgDONzm2gvCEjsIdZ7xu"
        "xW+oX4GDN/tLvhkZc9vS4PaUw8r31ZnbniW4XZfM0iXKjmWgHcNlOQCxEUabebAVQ0PoTNkbdqdg/NslUpL997vz"
        "QqpDL/7rFkmPUuFelQudBhGRUFxuJ45+mHKBdkjm5f0PpFe9JUyh4Gj4v8XbAtwe8lJPUKUTD0Wj5sQA4fuuVP+N"
        "86PvtREh8tAeImJFPmNUx8g0lksqE5Zio2joG89e8n/MFoNm5UIoNN5tL8u6s+CK4JMRYkAzwCcznjyz+1M/RfYB"
        "ONy5cktsJnV675QwK5EJ99glGwXbiy4eWDapCh+zZ3G3EMo662Xk3kmSzu7hSAn/+tAY0qHbz/7oo/iang=="
    ), False),
    ("another manifest", (
        "AiVESeGwTHjEAQC/s9lWw4fXdfs9UPsu4WmIAz652OA14qpPgopOTWUp/XM7W3iHkFMK+DhHn0cTxFZnpSMCXS5K"
        "WwCt3A24vRhwaxbouUPoUM9RWQRXAzgACQJlnxKYvmnep9P84jbo+YZyoZ/jw+wa6gqoXfkr8fCwsQH/maaXxX7A"
        "geMpntXvzSG5tqpkkpkYs9iYjwesKQSg1scb1Ue+NMwNX3RUdJJNOoJoOAf4AvABQjOzZ164O06o+ytDKG+YmAKr"
        "pfJ5SJUExAF/b4dDNpBpvj7BR8VK77NUXBdf6ZfH9ArOzaq6FmZA9OkMpjpVvp/AyU2NNYgnDjXaoTayAFO7zeqz"
        "B7TNtEWmndDqna4juBX4/aMbYQT82mYD8yQwE1XFuldTuxJl0KngkKqsbRRj0RlcvGW0q86WRfnNTnonSjF3Df3m"
        "CY5L7qpUKXtGonfPDjHp6e/gmNQecfZwHPOnQic8yWRm9GZX4ltY9rLrbY6lWurG81HjIFfISZdYX/xX4Dl5f9b6"
        "lawB78ZvrVJFimQQ0ao9cI3uUelEWUPT3vrepVZzo9+k2/BxAO77fTisz1k1s5i+KCmnjpUo7NhBSWgCU7SrItC7"
        "I4XOOM7dhxYMPERAa+JNRE1H0lwP34aHZ4DHBPVF7X9vndebjPHaXUU7bNJd5wqYalgzRgDONzm2gvCEjsIdZ7xu"
        "xW+ob0oUKhLCe/uinR1j1Oh9L2JlFG/BdayZK913awyxXqHGBGx7y5OXADy44Vi+T5Q13/nAGazj427xvc7nYq3e"
        "ZyR79k1Y+USmuhQ7NPe+rRgQLOCQylfCGf5LkDVpQ8eavZQxUcmoEXjFTuWr2F5jqk4L8qFiIHasEi71f3zaXUul"
        "WJIXriIAeZBrGWml/4d48MKJCEGiZ9fYU4yyMnSgP+Qm6mxIGumU4KZbOVjlOhNjF5ZrbyEv8U6Dx2AGRboWzIeB"
        "m0TR+l1t2G7vVJheqILMyy+oVfUuklx/Sx9A1DQbjeKyI4D2t4m2AaEgVW33AzZgzlX4pHh8NV4HoXJUCg=="
    ), False),
    ("another key's id", (
        "Aj6S+CpYEkZUAQC/s9lWw4fXdfs9UPsu4WmIAz652OA14qpPgopOTWUp/XM7W3iHkFMK+DhHn0cTxFZnpSMCXS5K"
        "WwCt3A24vRhwaxbouUPoUM9RWQRXAzgACQJlnxKYvmnep9P84jbo+YZyoZ/jw+wa6gqoXfkr8fCwsQH/maaXxX7A"
        "geMpntXvzSG5tqpkkpkYs9iYjwesKQSg1scb1Ue+NMwNX3RUdJJNOoJoOAf4AvABQjOzZ164O06o+ytDKG+YmAKr"
        "pfJ5SJUExAF/b4dDNpBpvj7BR8VK77NUXBdf6ZfH9ArOzaq6FmZA9OkMpjpVvp/AyU2NNYgnDjXaoTayAFO7zeqz"
        "B7TNtEWmndDqna4juBX4/aMbYQT82mYD8yQwE1XFuldTuxJl0KngkKqsbRRj0RlcvGW0q86WRfnNTnonSjF3Df3m"
        "CY5L7qpUKXtGonfPDjHp6e/gmNQecfZwHPOnQic8yWRm9GZX4ltY9rLrbY6lWurG81HjIFfISZdYX/xX4Dl5f9b6"
        "lawB78ZvrVJFimQQ0ao9cI3uUelEWUPT3vrepVZzo9+k2/BxAO77fTisz1k1s5i+KCmnjpUo7NhBSWgCU7SrItC7"
        "I4XOOM7dhxYMPERAa+JNRE1H0lwP34aHZ4DHBPVF7X9vndebjPHaXUU7bNJd5wqYalgzRgDONzm2gvCEjsIdZ7xu"
        "xW+oOVMJhJ2l1IWpzndm1Xg89KrvZJNuMkAKsLAz68BKlKw4gr2+FxAo8BPR1b+0o5HFqkwkxVNLgKejC6aPqr1a"
        "iymS/LaSDyrTgZwWZ4BzcvmJw/I0TAiA26Q8zJTb49uN8hvJoMcXEsO7kMz+pfQG+QazzgavWba8J+S/I6q7nvm7"
        "EEmYhNIvRqFRYlFGFZm7DJ3DkWCxArZjCHSG3kb/Cpc8wwOj1g9HzQc4bIss5iTHNZqtevYqPsGOmAciGZCDcBdS"
        "WfaLaZzvTkf2T9sBFwU54zqbD0U6QyjoJmzJ3Zj7XsCau7xnJlxRYJOvrk01jVl+1hOsaHYU6jQkQyOk2g=="
    ), False),
    ("modulus said to be shorter", (
        "AiVESeGwTHjEAP+/s9lWw4fXdfs9UPsu4WmIAz652OA14qpPgopOTWUp/XM7W3iHkFMK+DhHn0cTxFZnpSMCXS5K"
        "WwCt3A24vRhwaxbouUPoUM9RWQRXAzgACQJlnxKYvmnep9P84jbo+YZyoZ/jw+wa6gqoXfkr8fCwsQH/maaXxX7A"
        "geMpntXvzSG5tqpkkpkYs9iYjwesKQSg1scb1Ue+NMwNX3RUdJJNOoJoOAf4AvABQjOzZ164O06o+ytDKG+YmAKr"
        "pfJ5SJUExAF/b4dDNpBpvj7BR8VK77NUXBdf6ZfH9ArOzaq6FmZA9OkMpjpVvp/AyU2NNYgnDjXaoTayAFO7zeqz"
        "B7TNtEWmndDqna4juBX4/aMbYQT82mYD8yQwE1XFuldTuxJl0KngkKqsbRRj0RlcvGW0q86WRfnNTnonSjF3Df3m"
        "CY5L7qpUKXtGonfPDjHp6e/gmNQecfZwHPOnQic8yWRm9GZX4ltY9rLrbY6lWurG81HjIFfISZdYX/xX4Dl5f9b6"
        "lawB78ZvrVJFimQQ0ao9cI3uUelEWUPT3vrepVZzo9+k2/BxAO77fTisz1k1s5i+KCmnjpUo7NhBSWgCU7SrItC7"
        "I4XOOM7dhxYMPERAa+JNRE1H0lwP34aHZ4DHBPVF7X9vndebjPHaXUU7bNJd5wqYalgzRgDONzm2gvCEjsIdZ7xu"
        "xW+oOVMJhJ2l1IWpzndm1Xg89KrvZJNuMkAKsLAz68BKlKw4gr2+FxAo8BPR1b+0o5HFqkwkxVNLgKejC6aPqr1a"
        "iymS/LaSDyrTgZwWZ4BzcvmJw/I0TAiA26Q8zJTb49uN8hvJoMcXEsO7kMz+pfQG+QazzgavWba8J+S/I6q7nvm7"
        "EEmYhNIvRqFRYlFGFZm7DJ3DkWCxArZjCHSG3kb/Cpc8wwOj1g9HzQc4bIss5iTHNZqtevYqPsGOmAciGZCDcBdS"
        "WfaLaZzvTkf2T9sBFwU54zqbD0U6QyjoJmzJ3Zj7XsCau7xnJlxRYJOvrk01jVl+1hOsaHYU6jQkQyOk2g=="
    ), False),
    ("modulus said to be longer", (
        "AiVESeGwTHjEAQG/s9lWw4fXdfs9UPsu4WmIAz652OA14qpPgopOTWUp/XM7W3iHkFMK+DhHn0cTxFZnpSMCXS5K"
        "WwCt3A24vRhwaxbouUPoUM9RWQRXAzgACQJlnxKYvmnep9P84jbo+YZyoZ/jw+wa6gqoXfkr8fCwsQH/maaXxX7A"
        "geMpntXvzSG5tqpkkpkYs9iYjwesKQSg1scb1Ue+NMwNX3RUdJJNOoJoOAf4AvABQjOzZ164O06o+ytDKG+YmAKr"
        "pfJ5SJUExAF/b4dDNpBpvj7BR8VK77NUXBdf6ZfH9ArOzaq6FmZA9OkMpjpVvp/AyU2NNYgnDjXaoTayAFO7zeqz"
        "B7TNtEWmndDqna4juBX4/aMbYQT82mYD8yQwE1XFuldTuxJl0KngkKqsbRRj0RlcvGW0q86WRfnNTnonSjF3Df3m"
        "CY5L7qpUKXtGonfPDjHp6e/gmNQecfZwHPOnQic8yWRm9GZX4ltY9rLrbY6lWurG81HjIFfISZdYX/xX4Dl5f9b6"
        "lawB78ZvrVJFimQQ0ao9cI3uUelEWUPT3vrepVZzo9+k2/BxAO77fTisz1k1s5i+KCmnjpUo7NhBSWgCU7SrItC7"
        "I4XOOM7dhxYMPERAa+JNRE1H0lwP34aHZ4DHBPVF7X9vndebjPHaXUU7bNJd5wqYalgzRgDONzm2gvCEjsIdZ7xu"
        "xW+oOVMJhJ2l1IWpzndm1Xg89KrvZJNuMkAKsLAz68BKlKw4gr2+FxAo8BPR1b+0o5HFqkwkxVNLgKejC6aPqr1a"
        "iymS/LaSDyrTgZwWZ4BzcvmJw/I0TAiA26Q8zJTb49uN8hvJoMcXEsO7kMz+pfQG+QazzgavWba8J+S/I6q7nvm7"
        "EEmYhNIvRqFRYlFGFZm7DJ3DkWCxArZjCHSG3kb/Cpc8wwOj1g9HzQc4bIss5iTHNZqtevYqPsGOmAciGZCDcBdS"
        "WfaLaZzvTkf2T9sBFwU54zqbD0U6QyjoJmzJ3Zj7XsCau7xnJlxRYJOvrk01jVl+1hOsaHYU6jQkQyOk2g=="
    ), False),
    ("modulus said to be endless", (
        "AiVESeGwTHjE//+/s9lWw4fXdfs9UPsu4WmIAz652OA14qpPgopOTWUp/XM7W3iHkFMK+DhHn0cTxFZnpSMCXS5K"
        "WwCt3A24vRhwaxbouUPoUM9RWQRXAzgACQJlnxKYvmnep9P84jbo+YZyoZ/jw+wa6gqoXfkr8fCwsQH/maaXxX7A"
        "geMpntXvzSG5tqpkkpkYs9iYjwesKQSg1scb1Ue+NMwNX3RUdJJNOoJoOAf4AvABQjOzZ164O06o+ytDKG+YmAKr"
        "pfJ5SJUExAF/b4dDNpBpvj7BR8VK77NUXBdf6ZfH9ArOzaq6FmZA9OkMpjpVvp/AyU2NNYgnDjXaoTayAFO7zeqz"
        "B7TNtEWmndDqna4juBX4/aMbYQT82mYD8yQwE1XFuldTuxJl0KngkKqsbRRj0RlcvGW0q86WRfnNTnonSjF3Df3m"
        "CY5L7qpUKXtGonfPDjHp6e/gmNQecfZwHPOnQic8yWRm9GZX4ltY9rLrbY6lWurG81HjIFfISZdYX/xX4Dl5f9b6"
        "lawB78ZvrVJFimQQ0ao9cI3uUelEWUPT3vrepVZzo9+k2/BxAO77fTisz1k1s5i+KCmnjpUo7NhBSWgCU7SrItC7"
        "I4XOOM7dhxYMPERAa+JNRE1H0lwP34aHZ4DHBPVF7X9vndebjPHaXUU7bNJd5wqYalgzRgDONzm2gvCEjsIdZ7xu"
        "xW+oOVMJhJ2l1IWpzndm1Xg89KrvZJNuMkAKsLAz68BKlKw4gr2+FxAo8BPR1b+0o5HFqkwkxVNLgKejC6aPqr1a"
        "iymS/LaSDyrTgZwWZ4BzcvmJw/I0TAiA26Q8zJTb49uN8hvJoMcXEsO7kMz+pfQG+QazzgavWba8J+S/I6q7nvm7"
        "EEmYhNIvRqFRYlFGFZm7DJ3DkWCxArZjCHSG3kb/Cpc8wwOj1g9HzQc4bIss5iTHNZqtevYqPsGOmAciGZCDcBdS"
        "WfaLaZzvTkf2T9sBFwU54zqbD0U6QyjoJmzJ3Zj7XsCau7xnJlxRYJOvrk01jVl+1hOsaHYU6jQkQyOk2g=="
    ), False),
    ("no modulus", (
        "AiVESeGwTHjEAAC0Raad0OqdriO4Ffj9oxthBPzaZgPzJDATVcW6V1O7EmXQqeCQqqxtFGPRGVy8ZbSrzpZF+c1O"
        "eidKMXcN/eYJjkvuqlQpe0aid88OMenp7+CY1B5x9nAc86dCJzzJZGb0ZlfiW1j2suttjqVa6sbzUeMgV8hJl1hf"
        "/FfgOXl/1vqVrAHvxm+tUkWKZBDRqj1wje5R6URZQ9Pe+t6lVnOj36Tb8HEA7vt9OKzPWTWzmL4oKaeOlSjs2EFJ"
        "aAJTtKsi0Lsjhc44zt2HFgw8REBr4k1ETUfSXA/fhodngMcE9UXtf2+d15uM8dpdRTts0l3nCphqWDNGAM43ObaC"
        "8ISOwh1nvG7Fb6g5UwmEnaXUhanOd2bVeDz0qu9kk24yQAqwsDPrwEqUrDiCvb4XECjwE9HVv7SjkcWqTCTFU0uA"
        "p6MLpo+qvVqLKZL8tpIPKtOBnBZngHNy+YnD8jRMCIDbpDzMlNvj243yG8mgxxcSw7uQzP6l9Ab5BrPOBq9Ztrwn"
        "5L8jqrue+bsQSZiE0i9GoVFiUUYVmbsMncORYLECtmMIdIbeRv8KlzzDA6PWD0fNBzhsiyzmJMc1mq169io+wY6Y"
        "ByIZkINwF1JZ9otpnO9OR/ZP2wEXBTnjOpsPRTpDKOgmbMndmPtewJq7vGcmXFFgk6+uTTWNWX7WE6xodhTqNCRD"
        "I6Ta"
    ), False),
    ("a byte more", (
        "AiVESeGwTHjEAQC/s9lWw4fXdfs9UPsu4WmIAz652OA14qpPgopOTWUp/XM7W3iHkFMK+DhHn0cTxFZnpSMCXS5K"
        "WwCt3A24vRhwaxbouUPoUM9RWQRXAzgACQJlnxKYvmnep9P84jbo+YZyoZ/jw+wa6gqoXfkr8fCwsQH/maaXxX7A"
        "geMpntXvzSG5tqpkkpkYs9iYjwesKQSg1scb1Ue+NMwNX3RUdJJNOoJoOAf4AvABQjOzZ164O06o+ytDKG+YmAKr"
        "pfJ5SJUExAF/b4dDNpBpvj7BR8VK77NUXBdf6ZfH9ArOzaq6FmZA9OkMpjpVvp/AyU2NNYgnDjXaoTayAFO7zeqz"
        "B7TNtEWmndDqna4juBX4/aMbYQT82mYD8yQwE1XFuldTuxJl0KngkKqsbRRj0RlcvGW0q86WRfnNTnonSjF3Df3m"
        "CY5L7qpUKXtGonfPDjHp6e/gmNQecfZwHPOnQic8yWRm9GZX4ltY9rLrbY6lWurG81HjIFfISZdYX/xX4Dl5f9b6"
        "lawB78ZvrVJFimQQ0ao9cI3uUelEWUPT3vrepVZzo9+k2/BxAO77fTisz1k1s5i+KCmnjpUo7NhBSWgCU7SrItC7"
        "I4XOOM7dhxYMPERAa+JNRE1H0lwP34aHZ4DHBPVF7X9vndebjPHaXUU7bNJd5wqYalgzRgDONzm2gvCEjsIdZ7xu"
        "xW+oOVMJhJ2l1IWpzndm1Xg89KrvZJNuMkAKsLAz68BKlKw4gr2+FxAo8BPR1b+0o5HFqkwkxVNLgKejC6aPqr1a"
        "iymS/LaSDyrTgZwWZ4BzcvmJw/I0TAiA26Q8zJTb49uN8hvJoMcXEsO7kMz+pfQG+QazzgavWba8J+S/I6q7nvm7"
        "EEmYhNIvRqFRYlFGFZm7DJ3DkWCxArZjCHSG3kb/Cpc8wwOj1g9HzQc4bIss5iTHNZqtevYqPsGOmAciGZCDcBdS"
        "WfaLaZzvTkf2T9sBFwU54zqbD0U6QyjoJmzJ3Zj7XsCau7xnJlxRYJOvrk01jVl+1hOsaHYU6jQkQyOk2gA="
    ), False),
    ("a byte less", (
        "AiVESeGwTHjEAQC/s9lWw4fXdfs9UPsu4WmIAz652OA14qpPgopOTWUp/XM7W3iHkFMK+DhHn0cTxFZnpSMCXS5K"
        "WwCt3A24vRhwaxbouUPoUM9RWQRXAzgACQJlnxKYvmnep9P84jbo+YZyoZ/jw+wa6gqoXfkr8fCwsQH/maaXxX7A"
        "geMpntXvzSG5tqpkkpkYs9iYjwesKQSg1scb1Ue+NMwNX3RUdJJNOoJoOAf4AvABQjOzZ164O06o+ytDKG+YmAKr"
        "pfJ5SJUExAF/b4dDNpBpvj7BR8VK77NUXBdf6ZfH9ArOzaq6FmZA9OkMpjpVvp/AyU2NNYgnDjXaoTayAFO7zeqz"
        "B7TNtEWmndDqna4juBX4/aMbYQT82mYD8yQwE1XFuldTuxJl0KngkKqsbRRj0RlcvGW0q86WRfnNTnonSjF3Df3m"
        "CY5L7qpUKXtGonfPDjHp6e/gmNQecfZwHPOnQic8yWRm9GZX4ltY9rLrbY6lWurG81HjIFfISZdYX/xX4Dl5f9b6"
        "lawB78ZvrVJFimQQ0ao9cI3uUelEWUPT3vrepVZzo9+k2/BxAO77fTisz1k1s5i+KCmnjpUo7NhBSWgCU7SrItC7"
        "I4XOOM7dhxYMPERAa+JNRE1H0lwP34aHZ4DHBPVF7X9vndebjPHaXUU7bNJd5wqYalgzRgDONzm2gvCEjsIdZ7xu"
        "xW+oOVMJhJ2l1IWpzndm1Xg89KrvZJNuMkAKsLAz68BKlKw4gr2+FxAo8BPR1b+0o5HFqkwkxVNLgKejC6aPqr1a"
        "iymS/LaSDyrTgZwWZ4BzcvmJw/I0TAiA26Q8zJTb49uN8hvJoMcXEsO7kMz+pfQG+QazzgavWba8J+S/I6q7nvm7"
        "EEmYhNIvRqFRYlFGFZm7DJ3DkWCxArZjCHSG3kb/Cpc8wwOj1g9HzQc4bIss5iTHNZqtevYqPsGOmAciGZCDcBdS"
        "WfaLaZzvTkf2T9sBFwU54zqbD0U6QyjoJmzJ3Zj7XsCau7xnJlxRYJOvrk01jVl+1hOsaHYU6jQkQyOk"
    ), False),
    ("1024 bits", (
        "Av2qsmFbIVjCAIDBYXCjLLSis4JkJ9IKKhDhALckN4IggV0VjR/Mw7/DxeHIz5ISeDnqvIrVkXsUhGpq0/gp5vZ3"
        "W0zxkwlF4p00Q+WouhqlUAx8BHbmaiI8S8lO5Zc2zEq3xC7d7Jtr9CuAbVY+kOT1wfJNes9zBcxDYmysFqyprdr8"
        "tw38jlLhk7RFpp3Q6p2uHUlg+DPYc0gB9tubxtyNqLGA01S64UtFf8LW+AuhlAyD0Tz6rE16t33fwvYk3NtdbrNI"
        "ZGhuKWUfEVSy4+YIWY48Ix6OFVT49gcirmZfBptO495438sp5WsnNezeJi8CJwLXhFqd+hDkM/qY8QvgXRUGiC5b"
        "+hqRw/R6oaCLWK/L68dqMLVE23mYdC6+XeI0hYEJTvrmBrcb4xmvURmQ18QbJX5oS/YC7z4sg8mF4mBSwHCTJ2J1"
        "IY5MoF5LjVV4nX7UE7mE61SpgJ+u4yeMxEWkESmIVLYit1PF+FJDAe1o0e9OBJMKmDceuygax9SdApSbfwCEmnKg"
        "JYVd8aeJOkzJmXQf9kBRJBCAmzO+CNGIQM4VL9/OKlIRKpExkKLsGzeyZkCuSK8Zb4GOtsn0+gBVl45Ajf8ZY6J8"
        "Kq08M9rUCKtEfawD/13rr3aOGsYy/gmgRijx+cCBW0XAA/XMWrnylQQUWBYvr1rBw8kdH+sVnus9ZXT6PLTeuzho"
        "ufXl"
    ), False),
)
STATEMENTS = {
    "first adds first": (
        "AbRFpp3Q6p2u0CGr5KnWCqcFyecuOnOXZao6qjl/zoVH20aXCnzbNV9QMAwsdvO6nKcCu/0Q6xc/0y6bG10rT52+"
        "wS43NcunmyIkfYfUsl5fO0G8ktEXVXVOvUi8SCmDe1qiQF0Xg/hlN6lgC64NoIZ2m1+4u8LEQQQj671wUDE3MI8S"
        "vFt74gtriWEka2naK1qd4FM7zeiUlLtt2UfDIIWbWx6Ygfu3Kh0bHdy7t/utS+G1GqwCvpAUA3EHp30qboTxiDn5"
        "H9VjU1VT+O0qbhUrKVsqbmQMWm16d+tTRd0kp+DpLka9W5eFagOQJ1Ox1RmvuqpQgPCuhVejrB8Z4DBkvnQHwTu5"
        "U5qYJaASVY5E1iPdg7vfmx38Z51YRIZCdy/COlzCiDS1pvJc4SXKE4zX1C7gVIjR4H3ALw70eyZotdp3cyNG1nQc"
        "Z0j3al/gLApaYjrR/Tk38bINjyE8OyNQDYqNphpGxOH5vxniOq1zkgp2PtWFb0IUahOJ8+FGxb+IApXpOtlLz1/k"
        "UrV8fkFWnwr6pBvkC23fcKizOdoIt6SLrtPpzrYL5a9spwUAuwNjV2uKe3ff63XHgFzfuex6hA+swc2rbJgWX7Vj"
        "5FC0K9XjNHOwCMrPg03biVXaEaQAGari822VU2x3IE0PsL+D6ylnnM3OqBAlzlZinXkCP+y9akwYTm0="
    ),
    "first revokes first": (
        "ArRFpp3Q6p2utEWmndDqna5JAxTAoi56/0GpsA27Vtshj4rTYNlb2iyULaTWVJYBEVZMocJkgtcuqUyvpFCPGjN0"
        "u+NqNqSqAHf3+STRW5FR5w+fOwwoAdArLAdmzwWghtSrkLr9Y9UwTjvFmFwEnaqbfJLp3+5PKrzbLtlosyfw9PfR"
        "lp2WBAm/SDgKFnNWtqtcLykspHyUgz79d9GiBZl4qf1DNgCKytdjkN9QTVXLYpXwKXrSZcV7bGhC1S4gjr/87CVQ"
        "0ATEUgMHg1eRYT+5vRNUXc7aWYa+InCc0XY9ux1nqRRd4QCW4IeMQ3yjEzJ00U5tctcYNro9fBNy65M2f6Pp/GgI"
        "u/9MUPZLAfQ6"
    ),
    "first adds second": (
        "AbRFpp3Q6p2uv7PZVsOH13X7PVD7LuFpiAM+udjgNeKqT4KKTk1lKf1zO1t4h5BTCvg4R59HE8RWZ6UjAl0uSlsA"
        "rdwNuL0YcGsW6LlD6FDPUVkEVwM4AAkCZZ8SmL5p3qfT/OI26PmGcqGf48PsGuoKqF35K/HwsLEB/5mml8V+wIHj"
        "KZ7V780hubaqZJKZGLPYmI8HrCkEoNbHG9VHvjTMDV90VHSSTTqCaDgH+ALwAUIzs2deuDtOqPsrQyhvmJgCq6Xy"
        "eUiVBMQBf2+HQzaQab4+wUfFSu+zVFwXX+mXx/QKzs2quhZmQPTpDKY6Vb6fwMlNjTWIJw412qE2sgBTu83qswe0"
        "zTOCy4/BcOBLgG/YLt7d95g5NVQQ3SqBKObkuO+NqCqPIrAy+4MtMgxT4MqgJwZOdyI9TbkP+TBfCTmqD977pzGj"
        "HE15dQdcQxt9ChfZ8uA62EROuloZIlLo4s7eO1aoJp5urkq7mZYfvrJtZQ5bQQpGC3rPf6QoDuLs1m86/spgpArP"
        "S/jD0jZV5Eygq20NOvpxQNXA4WesCdnWgrR4U3DSrERZPssdxXntk0ig5SwqVWCEsnS2bXqqeC/JS3voccunL6qZ"
        "QrLRQIXtDN7esDZ5SOPSWSIpWfUPCHeIMMuvPeef1tl+RU1N+aq6SZ8462pBGtOV6KPfu+/XRnKBLbs="
    ),
    "first revokes second": (
        "ArRFpp3Q6p2uJURJ4bBMeMRT6IdZiCT86baRSwZTklMW4HkFdsEE5js7aJ93XYdD3Qwy8QArGvzt3/HEYnbPMEd0"
        "eyxajgtSak9Mje0V2YBaQyPhmj9SR/3pznQarmGS7y+xwIUHZnyh1vBFQbLzZIdaBnVWhJwGe9EHlP3RmsKGuPyU"
        "/G5bInUdZ/RN5vIc7M0P+FVkMWLXkyreacM7NfjcBVgSpl/saStMAQVfn0khl2DNiwyyPQGrUdVCTpPZgG4jpuFb"
        "Bd73TUg8ngQLw43SfPfpqqQ9mW808SRF0hZ6H6hmIgXwE7dwW5Q6EtRPCstgBuzFiyZpxxHnURmwAyTfUmZk7/Pq"
        "2SKcEgpi75Fp"
    ),
    "first adds third": (
        "AbRFpp3Q6p2u2BmPP7QJcyBLM86knEFHvfBXaJG8Y9l0lZV84JvbAkRCGNSfBfTvUmK0dFb08WGU2Da1wHt3mWRl"
        "yyR+7nlKKRejViYSK8ydUXr6p9dDsu58ZC9wE1ysBK+tvIeT1iAC9JQUUu3h4OO5th7ennrzJKLcYbbOT9FT3eY4"
        "yswld+JhEi4bWckfBN8cJf1UKeOxYdoWxroluYztvLDc2xRFlJF1y2Nk4Cp9eE5jX17L1nAWz1STOuVl8/urvxLU"
        "Iz3cszVfKFWxuxwW2FDN9olMf/Ce9WkZgL/FO757VKJUh96vQlW6TUycol+eYO4fggAzthzdVI1NZIPynh8z5hUJ"
        "BaUrYkvL5+UIaPne+dUGCRRoAui4IFRZiU2yMo+PvWRtU/glJFZJDokYNXL9SR0i1oK0D1OejCgri5Yw512N2RSj"
        "B0yobFUyZSheUSUto7wOavX7ua+EODG+Oz3o+HTyvRskuhSDoYdSIOQGtbRGCTDIaoOlQTRjy7F+I+UZ+tTzg42v"
        "guJCqL+U2jqDcbIRyxXaBMx1hvkH9YuNwouMYMdsd+ai/s9oymzgb3OAU7y1b8+zy/lDwELXmdqiPqk/X5pLrnRf"
        "gcdq4NLwa5NqOOY+7FTraGZOTBsIyovay1Pzla5JDqexk3C6fBB91JRBR42qW4OFLMlENjhgQzN1XcQ="
    ),
    "first revokes third": (
        "ArRFpp3Q6p2uPpL4KlgSRlRlRqQDI+Tugx8mrMH20vIorKjvqZvz/+5v6+DHTNDs+vS2gsb1AYSFhnWst/XOBlqx"
        "+iO/dhvskiyJYro8pYdxxC7VGQhcC+veQJxTCrSL+tmtJu0iul7FJAyY+8yXEIx2R49z1SyIKqLs2+7pwX4BUB43"
        "b/NdbY7GWqctnkL09t8PBrhg7TlDimEn/I4yvPnNaN84bxsE5rtzv61JLKYtnkbFadYfb3Cdtjt0JaYU/3kd2NuH"
        "xgnylD0bK5d1IailUixJoer4TC/2FKgOW6JzDEO2w3sYpljbWGFZNESQuVKMp8UisQQR1EaAcmoUnTAkxE04Phtc"
        "0ocuugBvuE7i"
    ),
    "second adds first": (
        "ASVESeGwTHjE0CGr5KnWCqcFyecuOnOXZao6qjl/zoVH20aXCnzbNV9QMAwsdvO6nKcCu/0Q6xc/0y6bG10rT52+"
        "wS43NcunmyIkfYfUsl5fO0G8ktEXVXVOvUi8SCmDe1qiQF0Xg/hlN6lgC64NoIZ2m1+4u8LEQQQj671wUDE3MI8S"
        "vFt74gtriWEka2naK1qd4FM7zeiUlLtt2UfDIIWbWx6Ygfu3Kh0bHdy7t/utS+G1GqwCvpAUA3EHp30qboTxiDn5"
        "H9VjU1VT+O0qbhUrKVsqbmQMWm16d+tTRd0kp+DpLka9W5eFagOQJ1Ox1RmvuqpQgPCuhVejrB8Z4DBkvnQHwTu5"
        "U0bphaxgB7dp77w0RsswKszXrikZ2qhVsD3Evr5R668Edfm+MvmJo6jobIlH5q/2UT4bHioj4xQHNk8SpXznz8Uz"
        "CwoqD1KfVXHQfpN81LOrG37fyBuC4lhhqv73cUPHID1sP0bRJXhQ+8BD5sQPxH9PmsON8Q4xDspRWixWjvrQ8pVt"
        "5A9YAZbOjZ0WokvJS3ZZkRyJfieNIbuBYzMPONEBM88T7XY2kn/zrseZvGkBAvFX7hWqAEmciQuTfP13CkmihQS6"
        "rIaLoDZMHGHiBBE+qNtvwzopuyweaolQFOOigdJILDIWuWHfQ0242DkCP1zh29+Do/bqtTS4Sk1GhRM="
    ),
    "second revokes first": (
        "AiVESeGwTHjEtEWmndDqna4sZ6HonnxjmYzdsWxGN/RhZGb3XisdulpaCRc2xdXFspLdWRyVvCsowtzEgVXFuxEL"
        "7mE4nzDNijRo3O9diuGOqKdmMqtzk1foOCGi7j60ZDz5fS4LA2hXN8g7SVmmmc+XBGHd7aNiO4EUApRUjsR/H8Fj"
        "Xyr6Xz8wiyJ2X9O65DxW/sn876jIZ9CsAyiLC3tIizEs7TvhKvRgsVtUDCTliVlvB7iUsO4Cawr21gIMsDFlStGV"
        "dAxrHsdl3u0Dq/VdxhljK8gBkUqqoPBNwHkwAdctrz0nMAto/3iE9cToegpcQVgoDw8NjXWD2Yjs+kcTmnNO33bm"
        "fz0NMCrBYNSH"
    ),
    "second adds second": (
        "ASVESeGwTHjEv7PZVsOH13X7PVD7LuFpiAM+udjgNeKqT4KKTk1lKf1zO1t4h5BTCvg4R59HE8RWZ6UjAl0uSlsA"
        "rdwNuL0YcGsW6LlD6FDPUVkEVwM4AAkCZZ8SmL5p3qfT/OI26PmGcqGf48PsGuoKqF35K/HwsLEB/5mml8V+wIHj"
        "KZ7V780hubaqZJKZGLPYmI8HrCkEoNbHG9VHvjTMDV90VHSSTTqCaDgH+ALwAUIzs2deuDtOqPsrQyhvmJgCq6Xy"
        "eUiVBMQBf2+HQzaQab4+wUfFSu+zVFwXX+mXx/QKzs2quhZmQPTpDKY6Vb6fwMlNjTWIJw412qE2sgBTu83qswe0"
        "zbnGC7GjSSHyvYgB2AGJNJrRITIUVLbC9BlgVppK14yeirIrUEN0gCtn82qnLBuMfMTC4fjkD6SeqL1wqLzFSOuD"
        "rPv+zAJSZFk04IILDAZ9WI+QCHrdSR53zZuP+oZI0QwwLr/MP25nAoe8ZfLmEpgEK33qvkQ6KHC9w+G2pYLM7wLo"
        "T7KeSQLh7oKq5Q+U9lS7tWRk6cmcBxlwud8ekY9cJ0dSga1XzO/Q6cNA6vVChGCAgjoC1aTvt1I0C/0UUymwmkQl"
        "pr2eC+vZYrTnYrkbhuNisZz6AhwGYsVjncXv0he8KBKoNFCgt9MTLUB4NJcm9uwxWgX7LEiaG4izPr8="
    ),
    "second revokes second": (
        "AiVESeGwTHjEJURJ4bBMeMRHvJBzdNB3+9twFDwggFuFmdEC1KU1UMrfxwVWsWZBg0hboWWs8T0BOvZWScJraHZq"
        "obf00oi91r0piXxG88b4RKxNqvebO/IBRDbclwvR477NJcyMPZ4w2r/6gsvMnFmmJmycg9zJMRpNsCJHIYP48gWU"
        "m6mvP+adab9enWQ/TBVqkk231JS0osQRBKu/FdKyd3s5x6I40m4vH5XLjNZPj4UGD/Ri/G8hVUlPVWcjvB0jUkfo"
        "16kpfjQkmVv2Oqq9B7nyUHVSYyx56yk6E9KK3zEU74uYi4XJgpv5dTEqsV8n8qw7Sau6k/WwCaalBjPa1h0EJD/f"
        "SUe8fLhu9Fhd"
    ),
    "second adds third": (
        "ASVESeGwTHjE2BmPP7QJcyBLM86knEFHvfBXaJG8Y9l0lZV84JvbAkRCGNSfBfTvUmK0dFb08WGU2Da1wHt3mWRl"
        "yyR+7nlKKRejViYSK8ydUXr6p9dDsu58ZC9wE1ysBK+tvIeT1iAC9JQUUu3h4OO5th7ennrzJKLcYbbOT9FT3eY4"
        "yswld+JhEi4bWckfBN8cJf1UKeOxYdoWxroluYztvLDc2xRFlJF1y2Nk4Cp9eE5jX17L1nAWz1STOuVl8/urvxLU"
        "Iz3cszVfKFWxuxwW2FDN9olMf/Ce9WkZgL/FO757VKJUh96vQlW6TUycol+eYO4fggAzthzdVI1NZIPynh8z5hUJ"
        "BRqH5KWHPrBGcKWFAZ2NFjNjaJdav0ukMTdzDF0My/dPu8L5YhPPSNegwuyLSYM5CUn8sFHqCciMNk5YvcNVyBwg"
        "Vian97qlmLp7oua+L5BSdJ1ivZLXlBrIJOAfzHFuj4rCWkHf3pN4gFknxuJHPTFUVO3NFHZ4co3kAhqxMXLisyQt"
        "56BnUNlNUDVDRBu2xXQSJNqFhdz/Sc9f+V2gKqi4hVBNMJmBb8WyN8K4PgttF9RamXur0eapcsZVkQZHl9U6hu0f"
        "n9I7XbT88mcieIJv3JjjolWC+oI1m39UffIKD3xFWfWTAACBABAX91vL/l1iKfWQ5RjKR/94lnLV+fc="
    ),
    "second revokes third": (
        "AiVESeGwTHjEPpL4KlgSRlRrCSodm9OLCOY8KNQCFKpOQnSthSsT2fDexsGLYRweKH9yew99u6de9jQi9Ofpc5L3"
        "R4zRgCdhyfgtnSE+AXSLkjmtvBESG1T5dzzHDTuUvSDi3ZEhHxJLFymHLqXETYpYAF+oPSJHaBau5Am57PyPqG8O"
        "Dt4pkldZr2M7u60z6ODjOvJN9zCPgSIiyskIYZW6hNmx8XJNPpdIRi8ws+1cyM0JdbqQFJuPHY5XEj7Db27IvZke"
        "3jsi9oC+/hE1u3+f8nInTe4ENAMOCHMbZlgdZ9DQ97QpsLWwoqD5Hnhml0nmFK0sqnADHEzDjKSlz4eE7/iVQABA"
        "eoij4i9Sf70b"
    ),
    "third adds first": (
        "AT6S+CpYEkZU0CGr5KnWCqcFyecuOnOXZao6qjl/zoVH20aXCnzbNV9QMAwsdvO6nKcCu/0Q6xc/0y6bG10rT52+"
        "wS43NcunmyIkfYfUsl5fO0G8ktEXVXVOvUi8SCmDe1qiQF0Xg/hlN6lgC64NoIZ2m1+4u8LEQQQj671wUDE3MI8S"
        "vFt74gtriWEka2naK1qd4FM7zeiUlLtt2UfDIIWbWx6Ygfu3Kh0bHdy7t/utS+G1GqwCvpAUA3EHp30qboTxiDn5"
        "H9VjU1VT+O0qbhUrKVsqbmQMWm16d+tTRd0kp+DpLka9W5eFagOQJ1Ox1RmvuqpQgPCuhVejrB8Z4DBkvnQHwTu5"
        "U5ly+1Q9a0Jlu0o5TPzpzl3ehd61FrYo+HH+/a/z0UT+4MTOqAw8nYpxit7C7wdB0v85oIYlw2lG2gWNIWU/kcPJ"
        "eD2Jm71RLJPtHcxGQzEAa2ct6yNCTCguyRVRbyt9TbMuJfu8MONc68xbinSQRy0MkRoPNHFUgbwtWy9SxQrY5Jb2"
        "4EZsffVBssPrMwu6dStgq8OTu/M3S6+Rn+1/M0buODNEt4gf53UrXRtE0UO5w15i+JAGiZ6YXjQKX9ywbGZ3ZTsv"
        "FqKR+GZNjVITOCuuQ0odEhpgmK9seCAg2VTV5YhoFIkPN9sy55KWsIb0tWkAmbwzBqbY5JtvmhUd/cY="
    ),
    "third revokes first": (
        "Aj6S+CpYEkZUtEWmndDqna6LnA1dLl6+pWf+/EUIlHBkdoUb+L98DFK6CckEjYy8BE24vNjgctCIfg6mWMUIXjzW"
        "6ik5Y9MMdrQ5PbPjEGi0MUNGLIANOfUKVe0eO9JMUttTarp2PoaalvyDxwMvhLW1ulUgwHJmhAAdq7DqR29wixMJ"
        "OZNJpmcAUrBh7faYYPzDbWZP3m1Co50dJINPemaW8yxHWEAwriT7gTIGJep6cnf7nN9Yev2kFo973+V+8aZEuRxg"
        "Cetq8B5uxK1ZBtCCQ5uT+1T1Hq7knCduEHKIsdbS8mJy7ok20Qw15t96e36WF2DEnQx/MC4KaIHqRI5dbQXL8Lho"
        "Bc+uiBzG5plp"
    ),
    "third adds second": (
        "AT6S+CpYEkZUv7PZVsOH13X7PVD7LuFpiAM+udjgNeKqT4KKTk1lKf1zO1t4h5BTCvg4R59HE8RWZ6UjAl0uSlsA"
        "rdwNuL0YcGsW6LlD6FDPUVkEVwM4AAkCZZ8SmL5p3qfT/OI26PmGcqGf48PsGuoKqF35K/HwsLEB/5mml8V+wIHj"
        "KZ7V780hubaqZJKZGLPYmI8HrCkEoNbHG9VHvjTMDV90VHSSTTqCaDgH+ALwAUIzs2deuDtOqPsrQyhvmJgCq6Xy"
        "eUiVBMQBf2+HQzaQab4+wUfFSu+zVFwXX+mXx/QKzs2quhZmQPTpDKY6Vb6fwMlNjTWIJw412qE2sgBTu83qswe0"
        "zV8DYdmaA8Y9OqtagH28ex3oSj5yD6szQnJ44X9nTnOkWb2OwFG/ViUgZDdHYmIHRV9+sE2eKM9RNxHaUhnN5MOC"
        "uwt7Q0+IWckA5+ZXA0oKxEC8Buav4Hu85P3xy/V5udGT0A2LZbUvIAAW2M+8Im9qizOMXdZZ0+beia9Gf4uOGmzn"
        "53SCLziQ2sjkIbsbAHMPT6vFJ1YfuQu+3vHfmt2uvPIsRv/Kj4+liRhqle/nIuxmSsCYNNrZHzgDbaNqkywBez7g"
        "3Qwoh5VppGBRxjqotl0N536KyeV5AOrKtbgR52Gp/VO+OPya2BHvbdOh/O7cB+xSR6ZUwsps7tKj1xQ="
    ),
    "third revokes second": (
        "Aj6S+CpYEkZUJURJ4bBMeMSh2wT7FEu0QLXLYr+uIYT6vWRRCobs0V4WyZDKQQmtJ5TvU6YEWk9q6d1dv9YPe2uc"
        "aZQpiYmj5AE7Fugg1HtLFbG36m2xifQsE09Lrifsj36k0g5B/78kGKrSBIh9Zum95YxzopcrBiQ0fSgoBueos4qd"
        "CNoKWh4Hp3E5/DJVmmMbzC8xRtIHXNZZua+E48BxW6TiLb3hNhl589bk4L3nCc8K3LlAZjNQiv64zpMcJMCgGhl6"
        "pVSKqDF3Soj0IJKSctn/CdtP/1G/xIHU1bVmNuscaB/m0V9sdCzlnXwhJ0XNw2LiaT+O8MszWHwybr/saKii3iVc"
        "JxQ0VBYyeqnD"
    ),
    "third adds third": (
        "AT6S+CpYEkZU2BmPP7QJcyBLM86knEFHvfBXaJG8Y9l0lZV84JvbAkRCGNSfBfTvUmK0dFb08WGU2Da1wHt3mWRl"
        "yyR+7nlKKRejViYSK8ydUXr6p9dDsu58ZC9wE1ysBK+tvIeT1iAC9JQUUu3h4OO5th7ennrzJKLcYbbOT9FT3eY4"
        "yswld+JhEi4bWckfBN8cJf1UKeOxYdoWxroluYztvLDc2xRFlJF1y2Nk4Cp9eE5jX17L1nAWz1STOuVl8/urvxLU"
        "Iz3cszVfKFWxuxwW2FDN9olMf/Ce9WkZgL/FO757VKJUh96vQlW6TUycol+eYO4fggAzthzdVI1NZIPynh8z5hUJ"
        "BbniSkIvNzA3OwmK+fmjOpC4Tjl9iYltYyhjcFRRL2qUe/MKAu3WGU0NKxRTUzW2SmwLU/QuPOkfZhFkB2H0+xFl"
        "Qv4gOfWRlI3naMuIFvd+smzXyWvaRJ3cDrnuOLQT6OfLeCB0i08GNSNtzWrYX34puc6t2v53tnPqwznyqW7lTHed"
        "G7bpGTET8jIOhcld753H5/G4H8rWv7cPA3upuMorqgwUkjdVh07X/k65n1EbcAbqamXGqEXaGrSaFam1dikkhMHd"
        "phl1jS7mwr/VtE+AseopzjbSvgMkxw2p4l+O7c/yTlg/iyocS9zvCkwIzzgiSxG/+qi+nHQqVRkauoA="
    ),
    "third revokes third": (
        "Aj6S+CpYEkZUPpL4KlgSRlTWMTEe0Y2QjZBQfe/OzHFvQXvENkXbzpzvpof8kN9A6DCSHPXgaI14rAHoo6G/4ZiR"
        "cRmQ/uq0ctU7NSTfJVH7JOXzvZqkHQtueN13tRo9BC9x9F36lICOk6nBHIQ/DhvuV80m4P9GOMpj3zFlsAPxBGkE"
        "57RL3ONb2vdxo4oDabsRk0CfiWbC2+wnNkxFZqA9PHGh/cR0vO8Ae/lvjhZT1//OW+yDe/Qh3bWB+kOx7KUqtm59"
        "STrLAcUBwkWf163pPXZG/tsQinxhTkstosPW6AYYuqBLTFWZKdqAWapmbeSneiGmRMo/CXtgV6cSebplB+tipIdS"
        "ymQgEnvz393Z"
    ),
    "malformed: short key": (
        "AbRFpp3Q6p2us9lWw4fXdfs9UPsu4WmIAz652OA14qpPgopOTWUp/XM7W3iHkFMK+DhHn0cTxFZnpSMCXS5KWwCt"
        "3A24vRhwaxbouUPoUM9RWQRXAzgACQJlnxKYvmnep9P84jbo+YZyoZ/jw+wa6gqoXfkr8fCwsQH/maaXxX7AgeMp"
        "ntXvzSG5tqpkkpkYs9iYjwesKQSg1scb1Ue+NMwNX3RUdJJNOoJoOAf4AvABQjOzZ164O06o+ytDKG+YmAKrpfJ5"
        "SJUExAF/b4dDNpBpvj7BR8VK77NUXBdf6ZfH9ArOzaq6FmZA9OkMpjpVvp/AyU2NNYgnDjXaoTayAFO7zeqzB7TN"
        "QYJwiQru5E4HQhFf3xR/3j8cGQhdxmGKwkUSRvXVBbY9kvmL0vF6D78gXKsi+PNo5buHWveVR/hjDTaN+EDFn9vR"
        "Wt7jm2ZuKmFxG/QprhOPRFnm/MNA7qTVhh3YOwqNM/T88jFff6NSOrEcJuQvLUqcoahW1KSYqIghIomcA6Y8oFYL"
        "cN6hZp/n5LmbHGi4Qw4/1oXCitBfr6Z4VKNoWqsO/1zBaxD+G7Lem+K+lWak99YHSJdzehnPvNonV2qk6BgIdKcO"
        "UFophrH8zTb4U/COm+i/pBrxpKypoY3g1C+4NhMGOhVaWBXvlGg0I/D64ySxvbEEFmCd46Qyv/yDTw=="
    ),
    "malformed: even key": (
        "AbRFpp3Q6p2uv7PZVsOH13X7PVD7LuFpiAM+udjgNeKqT4KKTk1lKf1zO1t4h5BTCvg4R59HE8RWZ6UjAl0uSlsA"
        "rdwNuL0YcGsW6LlD6FDPUVkEVwM4AAkCZZ8SmL5p3qfT/OI26PmGcqGf48PsGuoKqF35K/HwsLEB/5mml8V+wIHj"
        "KZ7V780hubaqZJKZGLPYmI8HrCkEoNbHG9VHvjTMDV90VHSSTTqCaDgH+ALwAUIzs2deuDtOqPsrQyhvmJgCq6Xy"
        "eUiVBMQBf2+HQzaQab4+wUfFSu+zVFwXX+mXx/QKzs2quhZmQPTpDKY6Vb6fwMlNjTWIJw412qE2sgBTu83qswe0"
        "ACJBanZM1ZIik+IC4jkmmpf4tFCs2LMJfOvScbU6Ykz5ZM/TxWYWmcQVoOI0A0PhSS7W9NMvKSI2g1mb1WjiVgTd"
        "n9vfKz/S1tRNO7WAEUCplty7xE8EKlg91kKFTU8fqcv4m+MWphXdWhu08Lev6PxbyEwEu3hSBDbxXMlORmX285Zu"
        "8mQp6pEj0lALkX314mEDaLbgfnB/n3Ad8hnefv26w74y+VQT1EotkOhpkQJAXoJ59+MEvsMXLFoqEg1cnI3KBnoj"
        "3SeGYEFWkch5r0iDJH8T3nwViq067ZGcacjRnR7JHn4/eNqMItm/C9Eyo8f5ppDny8drIpx7bYZlqEE="
    ),
    "malformed: key without top bit": (
        "AbRFpp3Q6p2uf7PZVsOH13X7PVD7LuFpiAM+udjgNeKqT4KKTk1lKf1zO1t4h5BTCvg4R59HE8RWZ6UjAl0uSlsA"
        "rdwNuL0YcGsW6LlD6FDPUVkEVwM4AAkCZZ8SmL5p3qfT/OI26PmGcqGf48PsGuoKqF35K/HwsLEB/5mml8V+wIHj"
        "KZ7V780hubaqZJKZGLPYmI8HrCkEoNbHG9VHvjTMDV90VHSSTTqCaDgH+ALwAUIzs2deuDtOqPsrQyhvmJgCq6Xy"
        "eUiVBMQBf2+HQzaQab4+wUfFSu+zVFwXX+mXx/QKzs2quhZmQPTpDKY6Vb6fwMlNjTWIJw412qE2sgBTu83qswe0"
        "zVk5e1+qEaHW3XAe5o/xTjuogkvMcwNb/IC7gRrJnFX7MVzwCelKDeQ3xO18QiDuyC3IzFWIXJOxdqc+CcHCV4v7"
        "0Hnj+8NzeoK5uytXF9F3MNY5u75Vc7/3VcTO2d9yZUHWw6HFaUwH994JVL3dIHAYSjkoYqYT52Z+t4izZ8N/oYjZ"
        "x0sF/3u/nXFDcdaaYyFHxal3+1uDy+FxUlxv/tTuN5uY+wauziGMgX8Y9LkQ2v/v+VrrA0bjFFb1ZzhcFdeajnUu"
        "IqejdAZFt1cnHvGq81fkYsfehI6qrvT9e90Lp+aewnmAcAUqWxu+137lwbd4k0pBTEh9h0I/lhwoDek="
    ),
    "malformed: long key": (
        "AbRFpp3Q6p2u////////////////////////////////////////////////////////////////////////////"
        "////////////////////////////////////////////////////////////////////////////////////////"
        "////////////////////////////////////////////////////////////////////////////////////////"
        "////////////////////////////////////////////////////////////////////////////////////////"
        "////////////////////////////////////////////////////////////////////////////////////////"
        "////////////////////////////////////////////////////////////////////////////////////////"
        "////////////////////////////////////////////////////////////////////////////////////////"
        "////////////////////////////////////////////////////////////////////////////////e+fyb2qI"
        "q7zRkUGtd3HY7om0VDdqz+Kinf4X3J9QEPNMJTaHLpxB8sHUFg/HokAfPrTohwwDT02UMARssXZsvFEXkNYUNq7m"
        "k/gprXKyLiTA0kmipICkcni0rNxrtXJIy/vZV/g7/n/rUHxv3DAHcgY12EWGkHKoTUdjPsbRLapKqdeo+y8t7urt"
        "ll/J3GZQerOKciQ2O+NbcEwP6JFsw2fxZHs42hv+6QRzvSGH/zoxsb329K7Od3fZzwTRTpzVkqsgoKOs8Xll/4mP"
        "iuG2c46fYobgsBiA+zgqsHIOY3VhpwqbzkfnBrjqmbXtbS0rpScOEw31c8Uv37R0lAi3fA=="
    ),
    "malformed: short id": (
        "ArRFpp3Q6p2uAAAAAAAAACg2SEme0JdiKFqD/LbJyGNKMTdR/PLsjzyExXbJp1kSMzFi+5rI2SqhKij/F+k+nhC3"
        "0t9ZgwIby3gS+nowTPTawTvVkGv+5Tl9hxCVsbV3b4Uc6ZvQNBFjucI4YifflixZrA/EZ2k1pp6XhAKJ9W90eAdH"
        "1GfZSZRdo5fVOcrwxZA/EHPwWO7PDvno3K19luC7G5nAtC6Vlvr3kNRHgahjDnNCZftkiCEviUFo1mHk+Ri0nwgr"
        "qpV+lQZo04oT7ihisKYW0ewJfbtpEsSJFZE+rqxFwVDzDBYNV1O3OfemgdI9Rs8kh4BGky2vZq/z82yylppZoGrK"
        "t6ZA1CZpTfY="
    ),
    "malformed: long id": (
        "ArRFpp3Q6p2uAAAAAAAAAAAARAzbXPawkrwBpq79Mj4pdU6+e4cMJlQOCST16cfBzCFleT+OYG5JHSPPkSIvK66k"
        "7eT9YQI6ABxM/l3YErYZoivQAOXLArOMq5KdQZSmJpc1SaJH5eLzR/HSwJnSIvnwDZLkYiNgdg77+WlwSTwZRlGz"
        "VKUJia7xwG89jwHOcb15CbRD+dH3ZhwLdGS0Mfh5tceR8WnSGxKa1+USZcDtimqdsFfQS4Vl/GqAsPdGOkRnmKsy"
        "esD3LQzLzgxXSUhLU5M+cCysb1CTrVDrS+fEPSDjDEIOFLIzZRqNlNSRO39UwVQwWyw7wRqTb4BpWf7m2D3efM88"
        "N9NZuSQ0cCKKVA=="
    ),
    "malformed: no payload": (
        "AbRFpp3Q6p2uPemzZWHc6zLmAB4gUjvMJuQSwH9tjE6HHKWA9nNa++Cg/SUxsSSh7Jr8SllpG3+SrmsSeQ7TZDcn"
        "lPEWes0t3iLoLeeKkneJ4K4voH/KwYAoUXWfKpAGarrBkaYwu0LPqrK0tl4D95txVo7WweIzPVZwvaaGIUvXpRAg"
        "+sXm7ihE1akulHXw1og5SxqIeGklzHRwbUIJ4Y81ajM526bvo7yuvhCOq6ZjCH6oZZ7l6Fp5YBpPERxAUeBXUcll"
        "Xv/v2X1pdbOojAKJPpaTnOGDOyLgLG+Jc27pjxUwWK/XZEtlAimMQp6jQLwjnoYvpvkNqHYx/uWapeqYIk2eoosz"
        "HQ=="
    ),
    "malformed: action 3": (
        "A7RFpp3Q6p2uv7PZVsOH13X7PVD7LuFpiAM+udjgNeKqT4KKTk1lKf1zO1t4h5BTCvg4R59HE8RWZ6UjAl0uSlsA"
        "rdwNuL0YcGsW6LlD6FDPUVkEVwM4AAkCZZ8SmL5p3qfT/OI26PmGcqGf48PsGuoKqF35K/HwsLEB/5mml8V+wIHj"
        "KZ7V780hubaqZJKZGLPYmI8HrCkEoNbHG9VHvjTMDV90VHSSTTqCaDgH+ALwAUIzs2deuDtOqPsrQyhvmJgCq6Xy"
        "eUiVBMQBf2+HQzaQab4+wUfFSu+zVFwXX+mXx/QKzs2quhZmQPTpDKY6Vb6fwMlNjTWIJw412qE2sgBTu83qswe0"
        "zRg5RX7euwrIITgL9ctmiGVsfSwJ7dar1P8S6s1IPZEX3xElBU+ZjsPRE6ZJtaBbCBnyhmFC+TSe/40XsorC8FwA"
        "7VqpCO27e8gUyTZ5B8iEzytusneOcxmp5bAMS4GMTz1rpZJXm/Emj0rXORNrAWd2ZRqwKC6CCXOK2ms84LI+hDAp"
        "u5IJHOfgFQ/0KKr4DIsY5mP5nNINE50VmcWPb9otqfuTSeXfdfF/3Lj99RU93hj3ggj6xZCWKxrXKTikxLJa0wIV"
        "sOB+esNYH81gClpsnwOiyWeQq+jKibCD+mmi8HXiWyJMyXTP6Nx93dczH9+GNHyOO/PMpnLLBLA2Cx8="
    ),
    "malformed: action 0": (
        "ALRFpp3Q6p2uv7PZVsOH13X7PVD7LuFpiAM+udjgNeKqT4KKTk1lKf1zO1t4h5BTCvg4R59HE8RWZ6UjAl0uSlsA"
        "rdwNuL0YcGsW6LlD6FDPUVkEVwM4AAkCZZ8SmL5p3qfT/OI26PmGcqGf48PsGuoKqF35K/HwsLEB/5mml8V+wIHj"
        "KZ7V780hubaqZJKZGLPYmI8HrCkEoNbHG9VHvjTMDV90VHSSTTqCaDgH+ALwAUIzs2deuDtOqPsrQyhvmJgCq6Xy"
        "eUiVBMQBf2+HQzaQab4+wUfFSu+zVFwXX+mXx/QKzs2quhZmQPTpDKY6Vb6fwMlNjTWIJw412qE2sgBTu83qswe0"
        "zT/9Ooy5mKV8iqQxV0UGwPp8NxkSI24HOYfcpwhFDm4Esec0uRgGgmQqjMbveeh16fHdrVdOLZpGwe7v4qcb7C3V"
        "xdE1/ZEeQzURfIMkAu4vpd7+/ox82yY2CSdXc9+A4f6La3fRjM6rhiuvH0oszi5N/FiF+RyvLRWCs1pV9xuivcPa"
        "S2aN3toLWQnS5aHBcyun3wAoLgPwZyjq4d3BcpLcJ51nyaUamydAyb/+6z674hmF0pNchHlMLPY2gGXGnVGLf59S"
        "h5AS5AxA0MCuBo9Q0UalZSF9qbPceIaGRYbbhvs2W41UAyWO467WrS82R1e7LsvNNcCkjG8Wz0GOl7c="
    ),
    "malformed: a byte less": (
        "AbRFpp3Q6p2uv7PZVsOH13X7PVD7LuFpiAM+udjgNeKqT4KKTk1lKf1zO1t4h5BTCvg4R59HE8RWZ6UjAl0uSlsA"
        "rdwNuL0YcGsW6LlD6FDPUVkEVwM4AAkCZZ8SmL5p3qfT/OI26PmGcqGf48PsGuoKqF35K/HwsLEB/5mml8V+wIHj"
        "KZ7V780hubaqZJKZGLPYmI8HrCkEoNbHG9VHvjTMDV90VHSSTTqCaDgH+ALwAUIzs2deuDtOqPsrQyhvmJgCq6Xy"
        "eUiVBMQBf2+HQzaQab4+wUfFSu+zVFwXX+mXx/QKzs2quhZmQPTpDKY6Vb6fwMlNjTWIJw412qE2sgBTu83qswe0"
        "zTOCy4/BcOBLgG/YLt7d95g5NVQQ3SqBKObkuO+NqCqPIrAy+4MtMgxT4MqgJwZOdyI9TbkP+TBfCTmqD977pzGj"
        "HE15dQdcQxt9ChfZ8uA62EROuloZIlLo4s7eO1aoJp5urkq7mZYfvrJtZQ5bQQpGC3rPf6QoDuLs1m86/spgpArP"
        "S/jD0jZV5Eygq20NOvpxQNXA4WesCdnWgrR4U3DSrERZPssdxXntk0ig5SwqVWCEsnS2bXqqeC/JS3voccunL6qZ"
        "QrLRQIXtDN7esDZ5SOPSWSIpWfUPCHeIMMuvPeef1tl+RU1N+aq6SZ8462pBGtOV6KPfu+/XRnKBLQ=="
    ),
    "malformed: too long": (
        "AbRFpp3Q6p2uv7PZVsOH13X7PVD7LuFpiAM+udjgNeKqT4KKTk1lKf1zO1t4h5BTCvg4R59HE8RWZ6UjAl0uSlsA"
        "rdwNuL0YcGsW6LlD6FDPUVkEVwM4AAkCZZ8SmL5p3qfT/OI26PmGcqGf48PsGuoKqF35K/HwsLEB/5mml8V+wIHj"
        "KZ7V780hubaqZJKZGLPYmI8HrCkEoNbHG9VHvjTMDV90VHSSTTqCaDgH+ALwAUIzs2deuDtOqPsrQyhvmJgCq6Xy"
        "eUiVBMQBf2+HQzaQab4+wUfFSu+zVFwXX+mXx/QKzs2quhZmQPTpDKY6Vb6fwMlNjTWIJw412qE2sgBTu83qswe0"
        "zTOCy4/BcOBLgG/YLt7d95g5NVQQ3SqBKObkuO+NqCqPIrAy+4MtMgxT4MqgJwZOdyI9TbkP+TBfCTmqD977pzGj"
        "HE15dQdcQxt9ChfZ8uA62EROuloZIlLo4s7eO1aoJp5urkq7mZYfvrJtZQ5bQQpGC3rPf6QoDuLs1m86/spgpArP"
        "S/jD0jZV5Eygq20NOvpxQNXA4WesCdnWgrR4U3DSrERZPssdxXntk0ig5SwqVWCEsnS2bXqqeC/JS3voccunL6qZ"
        "QrLRQIXtDN7esDZ5SOPSWSIpWfUPCHeIMMuvPeef1tl+RU1N+aq6SZ8462pBGtOV6KPfu+/XRnKBLbsAAAAAAAAA"
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="
    ),
    "malformed: a byte more": (
        "AbRFpp3Q6p2uv7PZVsOH13X7PVD7LuFpiAM+udjgNeKqT4KKTk1lKf1zO1t4h5BTCvg4R59HE8RWZ6UjAl0uSlsA"
        "rdwNuL0YcGsW6LlD6FDPUVkEVwM4AAkCZZ8SmL5p3qfT/OI26PmGcqGf48PsGuoKqF35K/HwsLEB/5mml8V+wIHj"
        "KZ7V780hubaqZJKZGLPYmI8HrCkEoNbHG9VHvjTMDV90VHSSTTqCaDgH+ALwAUIzs2deuDtOqPsrQyhvmJgCq6Xy"
        "eUiVBMQBf2+HQzaQab4+wUfFSu+zVFwXX+mXx/QKzs2quhZmQPTpDKY6Vb6fwMlNjTWIJw412qE2sgBTu83qswe0"
        "zQIzgsuPwXDgS4Bv2C7e3feYOTVUEN0qgSjm5LjvjagqjyKwMvuDLTIMU+DKoCcGTnciPU25D/kwXwk5qg/e+6cx"
        "oxxNeXUHXEMbfQoX2fLgOthETrpaGSJS6OLO3jtWqCaebq5Ku5mWH76ybWUOW0EKRgt6z3+kKA7i7NZvOv7KYKQK"
        "z0v4w9I2VeRMoKttDTr6cUDVwOFnrAnZ1oK0eFNw0qxEWT7LHcV57ZNIoOUsKlVghLJ0tm16qngvyUt76HHLpy+q"
        "mUKy0UCF7Qze3rA2eUjj0lkiKVn1Dwh3iDDLrz3nn9bZfkVNTfmqukmfOOtqQRrTleij37vv10ZygS27"
    ),
    "unsigned: endorsement": (
        "AbRFpp3Q6p2uv7PZVsOH13X7PVD7LuFpiAM+udjgNeKqT4KKTk1lKf1zO1t4h5BTCvg4R59HE8RWZ6UjAl0uSlsA"
        "rdwNuL0YcGsW6LlD6FDPUVkEVwM4AAkCZZ8SmL5p3qfT/OI26PmGcqGf48PsGuoKqF35K/HwsLEB/5mml8V+wIHj"
        "KZ7V780hubaqZJKZGLPYmI8HrCkEoNbHG9VHvjTMDV90VHSSTTqCaDgH+ALwAUIzs2deuDtOqPsrQyhvmJgCq6Xy"
        "eUiVBMQBf2+HQzaQab4+wUfFSu+zVFwXX+mXx/QKzs2quhZmQPTpDKY6Vb6fwMlNjTWIJw412qE2sgBTu83qswe0"
        "zSO4Ffj9oxthBPzaZgPzJDATVcW6V1O7EmXQqeCQqqxtFGPRGVy8ZbSrzpZF+c1OeidKMXcN/eYJjkvuqlQpe0ai"
        "d88OMenp7+CY1B5x9nAc86dCJzzJZGb0ZlfiW1j2suttjqVa6sbzUeMgV8hJl1hf/FfgOXl/1vqVrAHvxm+tUkWK"
        "ZBDRqj1wje5R6URZQ9Pe+t6lVnOj36Tb8HEA7vt9OKzPWTWzmL4oKaeOlSjs2EFJaAJTtKsi0Lsjhc44zt2HFgw8"
        "REBr4k1ETUfSXA/fhodngMcE9UXtf2+d15uM8dpdRTts0l3nCphqWDNGAM43ObaC8ISOwh1nvG7Fb6g="
    ),
    "unsigned: without action": (
        "AbRFpp3Q6p2uv7PZVsOH13X7PVD7LuFpiAM+udjgNeKqT4KKTk1lKf1zO1t4h5BTCvg4R59HE8RWZ6UjAl0uSlsA"
        "rdwNuL0YcGsW6LlD6FDPUVkEVwM4AAkCZZ8SmL5p3qfT/OI26PmGcqGf48PsGuoKqF35K/HwsLEB/5mml8V+wIHj"
        "KZ7V780hubaqZJKZGLPYmI8HrCkEoNbHG9VHvjTMDV90VHSSTTqCaDgH+ALwAUIzs2deuDtOqPsrQyhvmJgCq6Xy"
        "eUiVBMQBf2+HQzaQab4+wUfFSu+zVFwXX+mXx/QKzs2quhZmQPTpDKY6Vb6fwMlNjTWIJw412qE2sgBTu83qswe0"
        "zSuYZXaDbQmVmHc5sOE7STy3xzTvCnCEcc0BMSOlVnLrzNbF9tW8GpVbeksLNYATero+8jowFn9ojMcpb1g0TcRr"
        "XS0o5EKbqcoitMoJmak53Ae0uRO4Av8hzQyT2o5eH4Z5ehC0WpHIWK8wUPJu57NiOATe50GZDuRfhHLosKLViZAC"
        "yPTTQXID2QmOb2TEJi31w5Av76qVIXGWBxJF6hr5Zd3N6QwUe82A3Y7o0xgP4hdnJZXahnFwAG6v2Wz68NShJJRR"
        "uzp8yjWMX6sd1uutLn54EcysmS084isMMXEqBMLIGchF/Gfht+vtp398g0cAcbAud0cKnRSjfiGdjNk="
    ),
    "unsigned: another action": (
        "AbRFpp3Q6p2uv7PZVsOH13X7PVD7LuFpiAM+udjgNeKqT4KKTk1lKf1zO1t4h5BTCvg4R59HE8RWZ6UjAl0uSlsA"
        "rdwNuL0YcGsW6LlD6FDPUVkEVwM4AAkCZZ8SmL5p3qfT/OI26PmGcqGf48PsGuoKqF35K/HwsLEB/5mml8V+wIHj"
        "KZ7V780hubaqZJKZGLPYmI8HrCkEoNbHG9VHvjTMDV90VHSSTTqCaDgH+ALwAUIzs2deuDtOqPsrQyhvmJgCq6Xy"
        "eUiVBMQBf2+HQzaQab4+wUfFSu+zVFwXX+mXx/QKzs2quhZmQPTpDKY6Vb6fwMlNjTWIJw412qE2sgBTu83qswe0"
        "zY+5hBAWkdY3286rAvEPHjkAxSfX88VVwKmhIdSwwbmGsz8iIR+H7bjp1nYHh39vKMa1/gxQnA3l1M5hlDGWWMd2"
        "RIV/rHupfXgkX0OfEXP0xZV6I1ShBjEXAY7hu12l5ZtjvE4lIJYcGJfZhP/e9DxKqWAUyZADoLKpqJXUoZ1nm267"
        "UkXXiQ+i3BTOpbW31Ilw56lagkE0JVCSFGHQDA+hOE8J22cApBzz+cNq6y7mq31Gs8TXqii23u7OTUqX/nbs0lza"
        "Oaj+EHA5YCXqhUHjHIE0fqQYHHyvkJRCheLMZjyB3SgQvBMX9jllZroM716bN1GU26fjnwylhYAbElE="
    ),
    "unsigned: by another": (
        "AbRFpp3Q6p2uv7PZVsOH13X7PVD7LuFpiAM+udjgNeKqT4KKTk1lKf1zO1t4h5BTCvg4R59HE8RWZ6UjAl0uSlsA"
        "rdwNuL0YcGsW6LlD6FDPUVkEVwM4AAkCZZ8SmL5p3qfT/OI26PmGcqGf48PsGuoKqF35K/HwsLEB/5mml8V+wIHj"
        "KZ7V780hubaqZJKZGLPYmI8HrCkEoNbHG9VHvjTMDV90VHSSTTqCaDgH+ALwAUIzs2deuDtOqPsrQyhvmJgCq6Xy"
        "eUiVBMQBf2+HQzaQab4+wUfFSu+zVFwXX+mXx/QKzs2quhZmQPTpDKY6Vb6fwMlNjTWIJw412qE2sgBTu83qswe0"
        "zbnGC7GjSSHyvYgB2AGJNJrRITIUVLbC9BlgVppK14yeirIrUEN0gCtn82qnLBuMfMTC4fjkD6SeqL1wqLzFSOuD"
        "rPv+zAJSZFk04IILDAZ9WI+QCHrdSR53zZuP+oZI0QwwLr/MP25nAoe8ZfLmEpgEK33qvkQ6KHC9w+G2pYLM7wLo"
        "T7KeSQLh7oKq5Q+U9lS7tWRk6cmcBxlwud8ekY9cJ0dSga1XzO/Q6cNA6vVChGCAgjoC1aTvt1I0C/0UUymwmkQl"
        "pr2eC+vZYrTnYrkbhuNisZz6AhwGYsVjncXv0he8KBKoNFCgt9MTLUB4NJcm9uwxWgX7LEiaG4izPr8="
    ),
}
