"""Every asset that links one DAG to another, declared once."""

from airflow.sdk import Asset

CANDLES = Asset(name="candles", uri="perpetua://lake/candles", group="market")
FUNDING_RATES = Asset(name="funding_rates", uri="perpetua://lake/funding_rates", group="market")
FEAR_GREED = Asset(name="fear_greed", uri="perpetua://lake/fear_greed", group="market")
MACRO = Asset(name="macro", uri="perpetua://lake/macro", group="market")
FEATURES = Asset(name="features", uri="perpetua://features/market94", group="features")
TRAINED_MODEL = Asset(name="trained_model", uri="perpetua://runs/phase4", group="models")
REVALIDATION = Asset(name="revalidation_result", uri="perpetua://reports/revalidation", group="models")
CHAMPION = Asset(name="champion", uri="perpetua://models/phase4/champion", group="models")

MARKET_DATA = [CANDLES, FUNDING_RATES, FEAR_GREED, MACRO]
