#include "src/machine/replay.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <numeric>
#include <set>
#include <span>
#include <string_view>
#include <utility>

#include "alfi/error.hpp"
#include "src/configuration/names.hpp"
#include "src/formats/printable.hpp"
#include "src/model/iteration_weights.hpp"
#include "src/model/parameters.hpp"

namespace alfi {
namespace {

/// Width that a configuration may give a layer at most; a θ or an observation of more numbers is no less absurd.
constexpr std::int64_t most_width = 4096;

/// Reads one file and says what is wrong with it.
class TapeReader {
 public:
  explicit TapeReader(const SafeTensors& tape) : tape_(tape) {}

  [[noreturn]] void refuse(const std::string& what) const {
    throw InputError(fmt::format("{}: {}", tape_.source, what));
  }

  bool has(const char* key) const { return tape_.metadata.contains(key); }

  double number(const char* key, double least, double most) const {
    const std::string& text = tape_.metadata_at(key);
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || !(value >= least && value <= most))
      refuse(fmt::format("metadata {} = {} must be a number from {} to {}", key, printable(text), least, most));
    return value;
  }

  template <class Choice>
  Choice choice(const char* key) const {
    return choices_of<Choice>[place(key, names_of<Choice>)].choice;
  }

  bool flag(const char* key) const { return place(key, std::array<std::string_view, 2>{"False", "True"}) == 1; }

  /// Returns the sizes of a tensor of `dimensions` dimensions, each at least 1.
  std::vector<std::int64_t> sizes(const std::string& name, std::size_t dimensions, const char* meaning) const {
    const std::vector<std::int64_t>& shape = tape_.at(name).shape;
    if (shape.size() != dimensions || std::ranges::any_of(shape, [](std::int64_t size) {
          return size < 1 || size > std::numeric_limits<int>::max();
        }))
      refuse(fmt::format("tensor {} has shape ({}), {} is expected, each at least 1", name, fmt::join(shape, ", "),
                         meaning));
    return shape;
  }

  int width(const std::string& layer) const {
    const std::string name = "param." + layer + ".bias";
    const std::int64_t size = sizes(name, 1, "(width)")[0];
    if (size > most_width)
      refuse(fmt::format("tensor {} has {} numbers, a layer has at most {}", name, size, most_width));
    return static_cast<int>(size);
  }

  /// Finite numbers of a tensor of this shape, rounded to float.
  std::vector<float> values(const std::string& name, const std::vector<std::int64_t>& shape) const {
    std::vector<float> all = tape_.values<float>(name, shape);
    const auto wrong = std::ranges::find_if_not(all, [](float value) { return std::isfinite(value); });
    if (wrong != all.end())
      refuse(fmt::format("tensor {}: number {} is {}, finite numbers are expected", name, wrong - all.begin() + 1,
                         *wrong));
    return all;
  }

  const SafeTensors& tape() const { return tape_; }

 private:
  /// Finds what the metadata say among `names`.
  std::size_t place(const char* key, std::span<const std::string_view> names) const {
    const std::string& text = tape_.metadata_at(key);
    const auto found = std::ranges::find(names, text);
    if (found == names.end())
      refuse(fmt::format("metadata {} = {} must be one of {}", key, printable(text), fmt::join(names, ", ")));
    return static_cast<std::size_t>(found - names.begin());
  }

  const SafeTensors& tape_;
};

/// Content of a tape, with everything that could be wrong ruled out.
struct Recording {
  Shape shape;
  Layout layout;
  int B;
  LossRule loss;
  double beta = 0;
  UpdateRule update;
  Weights weights_kind;
  std::vector<float> weights;  // (layout.size)
  std::vector<float> theta_true, x_real, psi_0, theta_gen, x_gen;
  std::vector<int> real_counts;          // (B)
  std::vector<float> real_count_inputs;  // (B)
};

/// (rows, D) of ψ; of gaussian_full, whose numbers are no whole rows, (1, P).
std::array<std::int64_t, 2> psi_sizes(const Shape& shape) {
  if (couples(shape.family)) return {1, shape.P()};
  return {shape.P() / shape.D, shape.D};
}

/// A tape whose sizes alone are known.
void require_room(const TapeReader& reader, const Shape& shape, int B, const Processor& processor) {
  const auto sizes = [&] {
    return fmt::format("B = {}, T = {}, M = {}, N = {}, R = {}, D = {}, X = {}: a replay", B, shape.T, shape.M, shape.N,
                       shape.R, shape.D, shape.X);
  };
  if (tile_size(shape) > most_tile_size)
    reader.refuse(fmt::format("{} would take {:.1f} GiB for 16 episodes; at most 8 GiB are addressed", sizes(),
                              static_cast<double>(tile_size(shape)) * sizeof(float) / 0x1p30));
  const Room room = processor.room(shape, B);
  if (room.needed > room.available)
    reader.refuse(fmt::format("{} would take {:.1f} GiB; there are {:.1f} GiB", sizes(), room.needed / 0x1p30,
                              room.available / 0x1p30));
}

void read_choices(const TapeReader& reader, Recording& run) {
  Shape& shape = run.shape;
  shape.family = reader.has("family") ? reader.choice<Family>("family") : Family::gaussian;
  shape.pooling = reader.has("pooling") ? reader.choice<Pooling>("pooling") : Pooling::mean;
  shape.use_grad = reader.flag("use_grad");
  shape.count_input = reader.has("real_count_input") && reader.flag("real_count_input");
  constexpr double largest = std::numeric_limits<float>::max();
  run.update.kind = reader.has("update") ? reader.choice<Update>("update") : Update::clamp;
  run.update.bound = reader.number("bound", run.update.kind == Update::tanh ? 1e-30 : -largest, largest);
  run.weights_kind = reader.choice<Weights>("weight");
  const bool fixed_deviation = has_density(shape.family) && !learns_deviation(shape.family);
  const double sigma = fixed_deviation ? reader.number("sigma", 1e-30, 1e30) : 1;
  run.loss = {reader.choice<Loss>("loss"), shape.family, std::log(sigma)};
  if (weighs_by_deviation(run.loss.kind)) run.beta = reader.number("beta", 0, 1);
  if (!has_density(shape.family) && needs_density(run.loss.kind))
    reader.refuse("metadata family = point has no density: loss must be one of mse, l1");
}

/// The shape letters, each from one tensor; that the others agree is seen when they are read.
void read_sizes(const TapeReader& reader, Recording& run) {
  const auto x_gen = reader.sizes("x_gen", 5, "(B, T, M, N, X)");
  const auto x_real = reader.sizes("x_real", 3, "(B, R, X)");
  const auto theta_true = reader.sizes("theta_true", 2, "(B, D)");
  if (theta_true[1] > most_width || x_gen[4] > most_width)
    reader.refuse(fmt::format("D = {} (theta_true), X = {} (x_gen): at most {} are possible", theta_true[1], x_gen[4],
                              most_width));
  const auto as_int = [](std::int64_t size) { return static_cast<int>(size); };
  Shape& shape = run.shape;
  run.B = as_int(theta_true[0]);
  shape.T = as_int(x_gen[1]);
  shape.M = as_int(x_gen[2]);
  shape.N = as_int(x_gen[3]);
  shape.X = as_int(x_gen[4]);
  shape.R = as_int(x_real[1]);
  shape.D = as_int(theta_true[1]);
  shape.encoder_hidden = reader.width("x_data_agg.fc1_layer");
  shape.C = reader.width("x_data_agg.fc3_layer");
  shape.aggregator_hidden = reader.width("theta_data_agg.fc1_layer");
  shape.A = reader.width("theta_data_agg.fc3_layer");
  shape.H = reader.width("rim.fc0_layer");
  shape.S = reader.width("rim.rnn_layer.out_gate");
  if (shape.M < 2 && shape.has_scores())
    reader.refuse("tensor x_gen: M = 1, at least 2 drawn parameters are needed to standardise their scores");
  const std::pair<const char*, int> stated[] = {{"batch", run.B},   {"iterations", shape.T}, {"num_theta", shape.M},
                                                {"num_x", shape.N}, {"num_real", shape.R},   {"theta_dim", shape.D},
                                                {"x_dim", shape.X}};
  for (const auto& [key, size] : stated)
    if (reader.has(key) && reader.tape().metadata_at(key) != std::to_string(size))
      reader.refuse(fmt::format("metadata {} = {}, by the tensors' shapes it is {}", key,
                                printable(reader.tape().metadata_at(key)), size));
}

void read_weights(const TapeReader& reader, Recording& run) {
  std::set<std::string> known;
  run.weights.resize(static_cast<std::size_t>(run.layout.size));
  for (const auto& [layer, linear] : named_layers(run.layout)) {
    const std::string weight = "param." + layer + ".weight", bias = "param." + layer + ".bias";
    std::ranges::copy(reader.values(weight, {linear.out, linear.in}), run.weights.begin() + linear.weight);
    std::ranges::copy(reader.values(bias, {linear.out}), run.weights.begin() + linear.bias);
    known.insert({weight, bias});
  }
  // A weight that nothing here uses belongs to another machine.
  for (const auto& [name, tensor] : reader.tape().tensors)
    if (name.starts_with("param.") && !known.contains(name))
      reader.refuse(fmt::format("tensor {} is no weight of these networks", printable(name)));
}

void read_draws(const TapeReader& reader, Recording& run) {
  const Shape& s = run.shape;
  run.theta_true = reader.values("theta_true", {run.B, s.D});
  run.x_real = reader.values("x_real", {run.B, s.R, s.X});
  const auto [psi_rows, psi_width] = psi_sizes(s);
  run.psi_0 = reader.values("psi_0", {run.B, psi_rows, psi_width});
  run.theta_gen = reader.values("theta_gen", {run.B, s.T, s.M, s.D});
  run.x_gen = reader.values("x_gen", {run.B, s.T, s.M, s.N, s.X});
  run.real_counts.assign(static_cast<std::size_t>(run.B), s.R);
  if (reader.tape().tensors.contains("real_counts")) {
    const std::vector<float> counts = reader.values("real_counts", {run.B});
    for (std::size_t b = 0; b < counts.size(); ++b) {
      if (!(counts[b] >= 1 && counts[b] <= static_cast<float>(s.R) && counts[b] == std::trunc(counts[b])))
        reader.refuse(fmt::format("tensor real_counts: number {} is {}, whole numbers from 1 to {} are expected", b + 1,
                                  counts[b], s.R));
      run.real_counts[b] = static_cast<int>(counts[b]);
    }
  }
  run.real_count_inputs.assign(static_cast<std::size_t>(run.B), 0.0F);
  if (s.count_input) run.real_count_inputs = reader.values("real_count_inputs", {run.B});
}

Recording read_recording(const SafeTensors& tape, const Processor& processor) {
  const TapeReader reader(tape);
  Recording run{};
  read_choices(reader, run);
  read_sizes(reader, run);
  require_room(reader, run.shape, run.B, processor);
  run.layout = make_layout(run.shape);
  read_weights(reader, run);
  read_draws(reader, run);
  return run;
}

/// to[i · 16 + lane] = from[i] for i < count.
void put(std::span<const float> from, std::size_t first, int count, float* to, int lane) {
  for (int i = 0; i < count; ++i) to[i * tile_lanes + lane] = from[first + static_cast<std::size_t>(i)];
}

/// rows.at(k, 16 i + lane) = from (count, X).
void put_rows(std::span<const float> from, std::size_t first, int count, int X, Rows<float> rows, int lane) {
  for (int i = 0; i < count; ++i)
    for (int k = 0; k < X; ++k)
      *rows.at(k, i * tile_lanes + lane) =
          from[first + static_cast<std::size_t>(i) * static_cast<std::size_t>(X) + static_cast<std::size_t>(k)];
}

/// Lanes without an episode repeat the last one, with weight 0.
void fill_tile(const Recording& run, int first, const Tile<float>& tile) {
  const Shape& s = run.shape;
  TileInput<float>& input = *tile.input;
  input = {};
  std::fill_n(tile.count, s.T * s.M * tile_lanes, static_cast<float>(s.N));
  for (int lane = 0; lane < tile_lanes; ++lane) {
    const auto b = static_cast<std::size_t>(std::min(first + lane, run.B - 1));
    const auto start = [b](int size) { return b * static_cast<std::size_t>(size); };
    input.weight[lane] = first + lane < run.B ? 1.0F / static_cast<float>(run.B) : 0.0F;
    input.count[lane] = static_cast<float>(run.real_counts[b]);
    input.count_input[lane] = run.real_count_inputs[b];
    input.real_rows = std::max(input.real_rows, run.real_counts[b]);
    put(run.theta_true, start(s.D), s.D, tile.truth, lane);
    put(run.psi_0, start(s.P()), s.P(), tile.psi, lane);
    put(run.theta_gen, start(s.T * s.M * s.D), s.T * s.M * s.D, tile.theta, lane);
    put_rows(run.x_real, start(s.R * s.X), s.R, s.X, tile.real, lane);
    put_rows(run.x_gen, start(s.T * s.M * s.N * s.X), s.T * s.M * s.N, s.X, tile.x, lane);
  }
}

void add_result(SafeTensors& result, const std::string& name, const std::vector<std::int64_t>& shape,
                std::span<const float> values) {
  const auto wrong = std::ranges::find_if_not(values, [](float value) { return std::isfinite(value); });
  if (wrong != values.end())
    throw RunError(fmt::format("{} is not finite (number {} of it): the recorded run leaves the range of float32", name,
                               wrong - values.begin() + 1));
  result.tensors[name] = Tensor::of<double>(shape, std::vector<double>(values.begin(), values.end()));
}

}  // namespace

SafeTensors replay(const SafeTensors& tape, Processor& processor) {
  const Recording run = read_recording(tape, processor);
  const Shape& s = run.shape;
  const std::vector<float> iteration_weight = iteration_weights<float>(run.weights_kind, s.T);
  const std::vector<float> zeros(static_cast<std::size_t>(s.X), 0.0F), ones(static_cast<std::size_t>(s.X), 1.0F);
  const EpisodeSettings<float> settings{
      .simulator = recorded,
      .host_simulator = nullptr,
      .parameters = nullptr,
      .may_fail = false,
      .problems = {},
      .shape = s,
      .layout = run.layout,
      .weights = run.weights.data(),
      .iteration_weight = iteration_weight.data(),
      .units = {.transform = Transform::none, .mean = zeros.data(), .scale = ones.data()},
      .weights_kind = run.weights_kind,
      .start = Start::prior,
      .start_log_sigma = 0,
      .loss = run.loss,
      .update = run.update};
  const StepInput step{.keys = {}, .first_visit = 0, .beta = run.beta};

  const auto B = static_cast<std::size_t>(run.B), T = static_cast<std::size_t>(s.T),
             P = static_cast<std::size_t>(s.P());
  std::vector<float> psi(B * T * P), losses(B * T);
  std::vector<double> episode_losses(B);
  const auto fill = [&](const Tile<float>& tile) { fill_tile(run, tile.number * tile_lanes, tile); };
  const auto sink = [&](const FinishedTile& finished) {
    for (int lane = 0; lane < finished.episodes; ++lane) {
      const auto b = static_cast<std::size_t>(finished.first + lane);
      for (std::size_t i = 0; i < T * P; ++i)
        psi[b * T * P + i] = finished.tile.psi[(P + i) * tile_lanes + static_cast<std::size_t>(lane)];
      for (std::size_t t = 0; t < T; ++t)
        losses[b * T + t] = finished.tile.loss[t * tile_lanes + static_cast<std::size_t>(lane)];
      episode_losses[b] = finished.tile.episode_loss[lane];
    }
  };
  const std::vector<float> gradients = processor.differentiate({settings, {&step, 1}, Draws{}, run.B, fill, sink});

  SafeTensors result;
  result.metadata = tape.metadata;
  result.metadata["source"] = fmt::format("alfi, float32, {}", processor.name());
  const auto [psi_rows, psi_width] = psi_sizes(s);
  add_result(result, "psi", {run.B, s.T, psi_rows, psi_width}, psi);
  add_result(result, "loss_per_iteration", {run.B, s.T}, losses);
  result.tensors["loss"] =
      Tensor::of<double>({1}, std::vector{std::reduce(episode_losses.begin(), episode_losses.end()) / run.B});
  const std::span<const float> gradient = gradients;
  for (const auto& [layer, linear] : named_layers(run.layout)) {
    const auto in = static_cast<std::size_t>(linear.in), out = static_cast<std::size_t>(linear.out);
    add_result(result, "grad." + layer + ".weight", {linear.out, linear.in},
               gradient.subspan(static_cast<std::size_t>(linear.weight), out * in));
    add_result(result, "grad." + layer + ".bias", {linear.out},
               gradient.subspan(static_cast<std::size_t>(linear.bias), out));
  }
  return result;
}

}  // namespace alfi
