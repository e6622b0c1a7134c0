# Of every kernel in `cuobjdump -sass | c++filt`, a line: instructions, those on local memory, and what its loops are made
# of. A loop is what a branch goes back over.
#
#   loops  /ffma  ffma/128   innermost loops of at least 100 FFMA on shared memory: how many; the most instructions to an
#                            FFMA; the most FFMA to a load of 128 bits
#          short             the most instructions to an FFMA in those of 20 to 99; without MUFU, which pooling has
#   hmma   /hmma             all HMMA; the least instructions to one in a loop that holds others: an observation's way
#                            through the widest layers
#          inner             the most instructions to an HMMA in innermost loops of at least 16 and no FFMA
BEGIN {
  format = "%-8s %-28s %12s %6s %6s %6s %9s %6s %6s %6s %6s\n"
  printf format, "machine", "kernel", "instructions", "local", "loops", "/ffma", "ffma/128", "short", "hmma", "/hmma", "inner"
}
/^\tcode for / { finish(); machine = $3 }
/Function :/ { finish(); kernel = kernel_name($0) }
match($0, /^ +\/\*[0-9a-f]+\*\/ +/) {
  text = substr($0, RLENGTH + 1)
  sub(/ *;.*/, "", text)
  sub(/^@!?U?P[0-9T]+ +/, "", text)
  split($0, comment, "*")
  place[++count] = number_of(comment[2])
  operation[count] = text
  sub(/ .*/, "", operation[count])
  target[count] = -1
  if (operation[count] ~ /^BRA/ && match(text, /0x[0-9a-f]+/))
    target[count] = number_of(substr(text, RSTART + 2, RLENGTH - 2))
}
END { finish() }

function number_of(hexadecimal,   i, value) {
  value = 0
  for (i = 1; i <= length(hexadecimal); ++i)
    value = 16 * value + index("0123456789abcdef", substr(hexadecimal, i, 1)) - 1
  return value
}

function finish(   i, local_memory, hmma) {
  if (kernel == "") return
  loops = per_ffma = ffma_per_wide = short = per_hmma = inner_hmma = local_memory = hmma = 0
  for (i = 1; i <= count; ++i) {
    if (operation[i] ~ /^(LDL|STL)/) ++local_memory
    if (operation[i] ~ /^HMMA\./) ++hmma
    if (target[i] >= 0 && target[i] < place[i]) judge(i)
  }
  printf format, machine, kernel, count, local_memory, loops, ratio(per_ffma), ratio(ffma_per_wide),
         ratio(short), hmma, ratio(per_hmma), ratio(inner_hmma)
  kernel = ""
  count = 0
}

# The loop that ends with instruction `last`.
function judge(last,   i, instructions, innermost, ffma, hmma, loads, wide, special) {
  innermost = 1
  instructions = ffma = hmma = loads = wide = special = 0
  for (i = last; i > 0 && place[i] >= target[last]; --i) {
    ++instructions
    if (i < last && target[i] >= target[last] && target[i] < place[i]) innermost = 0
    if (operation[i] ~ /^FFMA/) ++ffma
    if (operation[i] ~ /^HMMA\./) ++hmma
    if (operation[i] ~ /^LDS/) ++loads
    if (operation[i] == "LDS.128") ++wide
    if (operation[i] ~ /^MUFU/) ++special
  }
  if (innermost && ffma >= 20 && ffma < 100 && loads > 0 && special == 0) short = most(short, instructions / ffma)
  if (innermost && ffma >= 100 && loads > 0 && hmma == 0) {
    ++loops
    per_ffma = most(per_ffma, instructions / ffma)
    ffma_per_wide = most(ffma_per_wide, wide > 0 ? ffma / wide : 999)
  }
  if (!innermost && hmma >= 16 && (per_hmma == 0 || instructions / hmma < per_hmma)) per_hmma = instructions / hmma
  if (innermost && hmma >= 16 && ffma == 0) inner_hmma = most(inner_hmma, instructions / hmma)
}
function most(one, other) { return one > other ? one : other }
function ratio(value) { return value > 0 ? sprintf("%.2f", value) : "-" }
