# Of every kernel in `ptxas -v | c++filt`, a line: registers and what it spills.
BEGIN {
  format = "%-8s %-28s %9s %7s %7s %7s\n"
  printf format, "machine", "kernel", "registers", "stack", "stores", "loads"
}
/Compiling entry function/ { split($0, quoted, "\x27"); kernel = kernel_name(quoted[2]); machine = quoted[4] }
/bytes stack frame/ { stack = $1; stores = $5; loads = $9 }
match($0, /Used [0-9]+ registers/) { printf format, machine, kernel, substr($0, RSTART + 5) + 0, stack, stores, loads }
