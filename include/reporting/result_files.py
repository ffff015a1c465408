"""Names of the files that results lie in. Nothing is imported: pages and heavy modules both take them from here."""

REVALIDATION = "revalidation_result.json"
REVALIDATION_PAGE = "revalidation_result.html"
APPROVALS = "approval.json"
CROSS_VALIDATION = "cross_validation.json"
CROSS_VALIDATION_PAGE = "cross_validation.html"
