"""`python -m include`: every stage without Airflow."""

from include.cli import main

if __name__ == "__main__":
    main()
