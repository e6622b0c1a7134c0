// Activations are [feature][row] and weights (out, in) row-major. By columns, as products are given, that is (rows,
// features) and (in, out): y = W x is yᵀ = xᵀ Wᵀ, dx = Wᵀ dy is dxᵀ = dyᵀ W, and dW = dy xᵀ is dWᵀ = x dyᵀ.
#include "src/backends/cuda/launcher.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace alfi::cuda {
namespace {

int rows_of(const DeviceWork& work) { return work.observations * tile_lanes; }

/// Returns the wide rows of the first slot.
WideRows<float> wide_rows(const DeviceWork& work) {
  Carver<float> carver(work.wide);
  return carve_wide(work.settings.shape, carver);
}

Rows<float> from_row(Rows<float> rows, int row) { return {rows.at(0, row), rows.stride}; }

}  // namespace

void Launcher::kernel(DeviceKernel kernel, int blocks, const DeviceWork& work) const {
  if (rehearsing_) return;
  require(runtime_.launch({.kernel = kernel,
                           .variant = plan_.variant,
                           .blocks = blocks,
                           .shared_bytes = plan_.shared_bytes(kernel),
                           .library = has_simulator(kernel) ? simulator_.library : nullptr},
                          work, stream_.get()),
          fmt::format("launching {} on {} blocks", device_kernel_names[static_cast<int>(kernel)], blocks));
}

int Launcher::blocks(const DeviceWork& work) const { return std::min(plan_.blocks, work.tile_count); }

void Launcher::chunk(DeviceWork work, const Observations& observations) const {
  const int each = blocks(work);
  HostSimulation* const hosted = simulator_.hosted;
  if (plan_.split) {
    kernel(DeviceKernel::begin, each, work);
    if (hosted != nullptr) hosted->put_problems(work);
    work.iteration = real_set_alone;
    encode(work);
    for (work.iteration = 0; work.iteration < work.settings.shape.T; ++work.iteration) {
      kernel(DeviceKernel::propose, each * plan_.shares, work);
      if (hosted != nullptr && work.draws.proposals) hosted->put_proposals(work);
      encode(work);
      kernel(DeviceKernel::advance, each, work);
    }
  } else {
    kernel(DeviceKernel::rollout, each, work);
  }
  if (!work.gradients) return;
  kernel(DeviceKernel::rollout_gradient, each, work);
  if (plan_.encoder == EncoderKernels::cublas)
    encoder_gradient(work, observations);
  else
    kernel(DeviceKernel::encoder_gradient, each * plan_.sums.pieces, work);
}

template <class Pass>
void Launcher::each_pass(DeviceWork work, Pass pass) const {
  const Shape& shape = work.settings.shape;
  const int all = work.iteration == real_set_alone ? shape.R : shape.M * shape.N, most = wide_observations(shape);
  for (work.first_observation = 0; work.first_observation < all; work.first_observation += most) {
    work.observations = std::min(most, all - work.first_observation);
    pass(work);
  }
}

void Launcher::hidden_layers(const DeviceWork& work) const {
  const WideRows<float> wide = wide_rows(work);
  kernel(DeviceKernel::first_layer, blocks(work) * plan_.shares, work);
  forward(work, work.settings.layout.encoder[1], wide.hidden1, wide.hidden2, wide_size(work.settings.shape));
  kernel(DeviceKernel::second_layer, blocks(work) * plan_.shares, work);
}

void Launcher::encode(const DeviceWork& work) const {
  if (plan_.encoder == EncoderKernels::fused) return kernel(DeviceKernel::encode, blocks(work) * plan_.shares, work);
  const Shape& shape = work.settings.shape;
  Carver<float> carver(work.codes);
  const TileCodes<float> codes = carve_codes(shape, carver);
  each_pass(work, [&](const DeviceWork& pass) {
    hidden_layers(pass);
    forward(
        pass, work.settings.layout.encoder[2], wide_rows(pass).hidden2,
        from_row(pass.iteration == real_set_alone ? codes.real : codes.generated, pass.first_observation * tile_lanes),
        code_size(shape));
    kernel(DeviceKernel::code_layer, blocks(pass) * plan_.shares, pass);
  });
}

void Launcher::encoder_gradient(DeviceWork work, const Observations& observations) const {
  const Shape& shape = work.settings.shape;
  const Linear(&layer)[3] = work.settings.layout.encoder;
  const WideRows<float> wide = wide_rows(work);
  const std::int64_t stride = wide_size(shape);
  for (work.iteration = real_set_alone; work.iteration < shape.T; ++work.iteration)
    each_pass(work, [&](const DeviceWork& pass) {
      const int elementwise = blocks(pass) * plan_.shares;
      hidden_layers(pass);
      forward(pass, layer[2], wide.hidden2, wide.code_slope, stride);
      kernel(DeviceKernel::code_slopes, elementwise, pass);
      weight_gradient(pass, layer[2], wide.code_slope, wide.hidden2, stride, plan_.variant.precision,
                      observations.ones);
      input_gradient(pass, layer[2], wide.code_slope, wide.slope);
      kernel(DeviceKernel::second_slopes, elementwise, pass);
      weight_gradient(pass, layer[1], wide.slope, wide.hidden1, stride, plan_.variant.precision, observations.ones);
      input_gradient(pass, layer[1], wide.slope, wide.hidden2);
      kernel(DeviceKernel::first_slopes, elementwise, pass);
      const bool real = pass.iteration == real_set_alone;
      const int first = (real ? 0 : pass.iteration * shape.M * shape.N) + pass.first_observation;
      weight_gradient(pass, layer[0], wide.hidden2,
                      from_row(real ? observations.real : observations.x, first * tile_lanes), plan_.tile_size,
                      Precision::fp32, observations.ones);
    });
}

void Launcher::forward(const DeviceWork& work, const Linear& layer, Rows<float> x, Rows<float> y,
                       std::int64_t y_stride) const {
  multiply({.m = rows_of(work),
            .n = layer.out,
            .k = layer.in,
            .a = {.data = x.data, .step = x.stride, .stride = wide_size(work.settings.shape), .transposed = false},
            .b = {.data = work.settings.weights + layer.weight, .step = layer.in, .stride = 0, .transposed = false},
            .c = y.data,
            .c_step = y.stride,
            .c_stride = y_stride,
            .added = false,
            .count = work.tile_count,
            .precision = plan_.variant.precision});
}

void Launcher::input_gradient(const DeviceWork& work, const Linear& layer, Rows<float> dy, Rows<float> dx) const {
  const std::int64_t stride = wide_size(work.settings.shape);
  multiply({.m = rows_of(work),
            .n = layer.in,
            .k = layer.out,
            .a = {.data = dy.data, .step = dy.stride, .stride = stride, .transposed = false},
            .b = {.data = work.settings.weights + layer.weight, .step = layer.in, .stride = 0, .transposed = true},
            .c = dx.data,
            .c_step = dx.stride,
            .c_stride = stride,
            .added = false,
            .count = work.tile_count,
            .precision = plan_.variant.precision});
}

void Launcher::weight_gradient(const DeviceWork& work, const Linear& layer, Rows<float> dy, Rows<float> x,
                               std::int64_t x_stride, Precision precision, const float* ones) const {
  const std::int64_t dy_stride = wide_size(work.settings.shape);
  const std::int64_t next_partial = plan_.sums.encoder(1, 0) - plan_.sums.encoder(0, 0);
  // A batch's tiles add to partial sums that follow each other.
  for (int slot = 0; slot < work.tile_count;) {
    const int partial = (work.first_tile + slot) % gradient_partials;
    const int count = std::min(work.tile_count - slot, gradient_partials - partial);
    float* const sum = work.partials + plan_.sums.encoder(partial, 0);
    const auto add = [&](int in, const float* data, int step, std::int64_t stride, float* to, Precision rounding) {
      multiply({.m = in,
                .n = layer.out,
                .k = rows_of(work),
                .a = {.data = data, .step = step, .stride = stride, .transposed = true},
                .b = {.data = dy.data + slot * dy_stride, .step = dy.stride, .stride = dy_stride, .transposed = false},
                .c = to,
                .c_step = in,
                .c_stride = next_partial,
                .added = true,
                .count = count,
                .precision = rounding});
    };
    add(layer.in, x.data + slot * x_stride, x.stride, x_stride, sum + layer.weight, precision);
    add(1, ones, rows_of(work), 0, sum + layer.bias, Precision::fp32);
    slot += count;
  }
}

void Launcher::multiply(const Product& p) const {
  const Kind kind{p.m,        p.n,        p.k,        p.count, p.a.step,       p.b.step,       p.c_step,
                  p.a.stride, p.b.stride, p.c_stride, p.added, p.a.transposed, p.b.transposed, p.precision};
  if (rehearsing_ && !rehearsed_.insert(kind).second) return;
  require(runtime_.multiply(products_.get(), p), fmt::format("multiplying {} × {} by {} × {}", p.m, p.k, p.k, p.n));
}

}  // namespace alfi::cuda
