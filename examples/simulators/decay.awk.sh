#!/bin/sh
# Decay, the law of decay.hpp, as a script with awk that answers in lines of text (protocol csv): dead time + lifetime · E
# with E exponential of mean 1. A question is a line lifetime,dead_time,count,seed; its answer has count lines.
case $(awk -W version 2>&1 </dev/null) in
  mawk*) set -- -W interactive ;;  # else mawk waits for more lines before it reads the first
esac
exec awk "$@" -F , '{
  srand($4)
  for (i = 0; i < $3; ++i) printf "%.9g\n", $2 - $1 * log(1 - rand())
  fflush()
}'
