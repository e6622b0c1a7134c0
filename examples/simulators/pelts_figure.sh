#!/usr/bin/env bash
# pelts_figure.sh ALFI RUN OUT.svg: draws the pelts of hares and lynx, year by year, with bands of what the machine of the run
# predicts at draws of its posterior (50 and 90 %). Needs gnuplot.
set -euo pipefail
alfi=$1 run=$2 out=$3
data=$(dirname "$0")/../data/hare_lynx.csv
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

"$alfi" infer "$run" --data "$data" --posterior-predictive 1000 --out "$folder/predicted.csv"
# A line a year: hares, lynx as observed, then of each the 5, 25, 50, 75 and 95 % points of the predicted ones.
for column in $(seq 42); do
  tail -n +2 "$folder/predicted.csv" | awk -F, -v from_end=$((42 - column)) '{ print $(NF - from_end) }' | sort -g |
    awk '{ x[NR] = $1 } END { for (i = 1; i <= 5; ++i) printf "%s%s", x[int(NR * substr("0525507595", 2 * i - 1, 2) / 100) + 1], i < 5 ? " " : "\n" }'
done >"$folder/points"
tail -n 1 "$data" | tr ',' '\n' | paste -d ' ' - "$folder/points" >"$folder/all"
head -n 21 "$folder/all" | awk '{ print 1899 + NR, $0 }' >"$folder/hares"
tail -n 21 "$folder/all" | awk '{ print 1899 + NR, $0 }' >"$folder/lynx"
gnuplot <<GNUPLOT
set terminal svg size 720,480 background rgb 'white' font 'sans-serif,13'
set output '$out'
set multiplot layout 2,1
set xrange [1900:1920]
set yrange [0:*]
set key at first 1910, graph 0.98 samplen 2
do for [animal in 'hares lynx'] {
  file = '$folder/' . animal
  set ylabel 'thousands of pelts'
  set title animal
  plot file using 1:3:7 with filledcurves fillcolor rgb '#cfe0f3' title '90 %', \
       file using 1:4:6 with filledcurves fillcolor rgb '#9dc3e6' title '50 %', \
       file using 1:5 with lines linecolor rgb '#1f4e79' title 'median', \
       file using 1:2 with points pointtype 7 pointsize 0.6 linecolor rgb '#c00000' title 'observed'
}
GNUPLOT
