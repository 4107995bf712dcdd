"""Write the page: see `benchmarks.page`."""

from benchmarks.page.contents import DOCS, page


def main() -> None:
    file = DOCS / "benchmarks.md"
    file.write_text(page(), encoding="utf-8")
    print(file)


if __name__ == "__main__":
    main()
