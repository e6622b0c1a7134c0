// Benchmarks of single kernels, registered for one instruction set.
#pragma once

namespace alfi {

/// Each registers its benchmarks with Google Benchmark.
void register_baseline_benchmarks();
void register_avx2_benchmarks();
void register_avx512_benchmarks();

/// Peak fp32 operations a second of one core, measured now with the kernels' own calibration loop.
double one_core_peak();

}  // namespace alfi
