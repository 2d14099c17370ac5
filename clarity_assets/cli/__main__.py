"""`python -m clarity_assets.cli`: the same as `clarity-assets`."""

from clarity_assets.cli import main

if __name__ == "__main__":
    main()
