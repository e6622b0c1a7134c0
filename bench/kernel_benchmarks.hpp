// Benchmarks of single kernels, registered for one instruction set.
#pragma once

namespace alfi {

/// Register a file's benchmarks with Google Benchmark.
void register_baseline_benchmarks();
void register_avx2_benchmarks();
void register_avx512_benchmarks();

/// Measures the peak of one core in fp32 operations a second, with the kernels' own calibration loop.
double one_core_peak();

}  // namespace alfi
