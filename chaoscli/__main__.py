from chaoscli.cli import main

main()
