"""From document text to answer: parsed and validated once, analysed, executed. Knows no business domain."""
