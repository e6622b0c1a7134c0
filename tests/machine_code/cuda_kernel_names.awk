# kernel_name(symbol): what kernels/launch/kernel_list.hpp (the variable `source`) calls a device_kernel<kernel, variant>, of which
# a demangled symbol has but the numbers. Other symbols stay as they are.
BEGIN {
  while ((getline line < source) > 0) {
    if (line ~ /device_kernel_names\[\]/) listed = 1
    while (listed && match(line, /"[a-z_]*"/)) {
      names[kernels++] = substr(line, RSTART + 1, RLENGTH - 2)
      line = substr(line, RSTART + RLENGTH)
    }
    if (line ~ /};/) listed = 0
  }
  variants = split(",/tf32x3,/bf16,/bf16_wide,/global", variant_names, ",")
}
function kernel_name(symbol,   number) {
  if (!match(symbol, /DeviceKernel\)[0-9]+, [0-9]+/)) return symbol
  split(substr(symbol, RSTART + 13, RLENGTH - 13), number, ", ")
  return names[number[1]] variant_names[number[2] + 1]
}
