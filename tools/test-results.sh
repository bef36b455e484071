# Reads the reports of test runs (trx). For ./test.

# Methods with a failed test, one a line.
failed_methods() {
  [[ -f $1 ]] || return 0
  awk '/<UnitTestResult / && /outcome="(Failed|Error|Timeout|Aborted)"/ && match($0, /testName="[^"(]*/) { print substr($0, RSTART + 10, RLENGTH - 10) }' "$1" | sort -u
}

# What ran again stands in the second report: the first one's counts lose it.
take_second_try() {
  local again failed total executed passed
  again=$(trx_counter "$2" total)
  failed=$(trx_counter "$1" failed)
  total=$(( $(trx_counter "$1" total) - again ))
  executed=$(( $(trx_counter "$1" executed) - again ))
  passed=$(( $(trx_counter "$1" passed) + failed - again ))
  sed -i -E "/<Counters /{ s/ failed=\"[0-9]+\"/ failed=\"0\"/; s/ passed=\"[0-9]+\"/ passed=\"$passed\"/; s/ total=\"[0-9]+\"/ total=\"$total\"/; s/ executed=\"[0-9]+\"/ executed=\"$executed\"/ }
    s/outcome=\"(Failed|Error|Timeout|Aborted)\"/outcome=\"FailedAtFirst\"/" "$1"
}

trx_counter() {
  sed -nE "s/.*<Counters .* ?$2=\"([0-9]+)\".*/\1/p" "$1"
}

# Every failed test of a folder of reports with its message.
list_failures() {
  find "$1" -name '*.trx' -exec awk '
    /<UnitTestResult / { name = match($0, /testName="[^"]*"/) ? substr($0, RSTART + 10, RLENGTH - 11) : "?"; bad = /outcome="(Failed|Error|Timeout|Aborted)"/; if (bad) print "FAILED " name }
    bad && sub(/.*<Message>/, "") { open = 1; lines = 0 }
    open { end = sub(/<\/Message>.*/, ""); if (lines++ < 12) print "  " substr($0, 1, 600); if (end) open = 0 }' {} \;
}

# The plain last line; fails when a test failed or none ran.
summarise() {
  find "$1" -name '*.trx' -exec cat {} + | awk 'match($0, /<Counters [^>]*>/) { s = substr($0, RSTART, RLENGTH)
       passed += v("passed"); failed += v("failed") + v("error") + v("timeout") + v("aborted"); total += v("total"); ran += v("executed") }
     function v(k) { return match(s, " " k "=\"[0-9]+\"") ? substr(s, RSTART + length(k) + 3, RLENGTH - length(k) - 4) + 0 : 0 }
     END { printf "%d passed, %d failed, %d skipped\n", passed, failed, total - ran; exit (failed > 0 || passed == 0) }'
}
