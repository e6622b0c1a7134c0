// Predators and prey as a Markov jump process (Wilkinson, Stochastic Modelling for Systems Biology; Papamakarios and
// Murray 2016, arXiv 1605.06376), by Gillespie's algorithm. x predators and y prey begin with 50 and 100; of the four
// reactions, at rates e^θ₁ xy, e^θ₂ x, e^θ₃ y and e^θ₄ xy, each changes one count by one. The counts are recorded at
// t = 0, 0.2, …, 30. After 10,000 events nothing changes any more.
//
// An observation are nine numbers of the records: of x and y the mean, log(variance + 1), the autocorrelations at lags
// 1 and 2, and the correlation of x with y.
//
// Runs take from some hundred to ten thousand events. So it is written by steps, over lanes: a step is an event or a
// record, and a lane that has finished begins the next observation.
#include <alfi/simulator.hpp>

struct LotkaVolterra {
  static constexpr auto facts =
      alfi::simulator("lotka_volterra_jump", "predators and prey as a jump process")
          .parameter("log_predator_birth", "log 1/time", alfi::uniform(-5, 2))
          .parameter("log_predator_death", "log 1/time", alfi::uniform(-5, 2))
          .parameter("log_prey_birth", "log 1/time", alfi::uniform(-5, 2))
          .parameter("log_prey_eaten", "log 1/time", alfi::uniform(-5, 2))
          .observations(9, alfi::real(-1, alfi::infinity), "statistics of 151 counts of predators and prey");
  static constexpr int records = 151, most_events = 10000;
  static constexpr float interval = 0.2f;

  /// Numbers that a lane keeps.
  enum { predators, prey, left, recorded, events, rates, of_predators = rates + 4, of_prey = of_predators + records };
  static constexpr int state = of_prey + records;

  ALFI_DEVICE static bool clamp(float* theta) {
    bool moved = false;
    for (int d = 0; d < 4; ++d) {
      const float inside = theta[d] < -10 ? -10 : theta[d] > 5 ? 5 : theta[d];
      moved = moved || inside != theta[d];
      theta[d] = inside;
    }
    return moved;
  }

  template <class F>
  ALFI_DEVICE static void begin(const F* theta, F* s) {
    for (int i = 0; i < state; ++i) s[i] = F{};
    s[predators] = s[predators] + 50.0f;
    s[prey] = s[prey] + 100.0f;
    for (int i = 0; i < 4; ++i) s[rates + i] = alfi::exp(theta[i]);
  }

  template <class F, class Random>
  ALFI_DEVICE static auto step(const F*, F* s, const Random& random) {
    const F both = s[predators] * s[prey];
    const F birth = s[rates] * both, death = s[rates + 1] * s[predators], growth = s[rates + 2] * s[prey];
    const F total = birth + death + growth + s[rates + 3] * both;
    const auto block = random.words();
    // Time is counted down to the next record: an absolute clock would lose short waits.
    const F wait = alfi::exponential<F>(block.word[0]) / total;
    const auto record = !(wait < s[left]);
    const F none{}, one = none + 1.0f;
    alfi::scatter(s + of_predators, alfi::to_int(s[recorded]), record, s[predators]);
    alfi::scatter(s + of_prey, alfi::to_int(s[recorded]), record, s[prey]);
    s[recorded] = s[recorded] + alfi::select(record, one, none);
    s[events] = s[events] + alfi::select(record, none, one);
    s[left] = alfi::select(record, none + interval, s[left] - wait);

    const F which = alfi::uniform<F>(block.word[1]) * total;
    const auto is_birth = which < birth, is_death = which < birth + death, is_growth = which < birth + death + growth;
    const F of_x = alfi::select(is_birth, one, alfi::select(is_death, -one, none));
    const F of_y = alfi::select(is_death, none, alfi::select(is_growth, one, -one));
    s[predators] = s[predators] + alfi::select(record, none, of_x);
    s[prey] = s[prey] + alfi::select(record, none, of_y);
    return (s[recorded] >= static_cast<float>(records)) | (s[events] >= static_cast<float>(most_events)) |
           (total == 0.0f);
  }

  template <class F>
  ALFI_DEVICE static void finish(const F*, const F* s, F* x) {
    const auto count = [&](int series, int last, int t) {
      return alfi::select(s[recorded] > static_cast<float>(t), s[series + t], s[last]);  // frozen from there on
    };
    F mean[2] = {}, squares[2] = {}, lag1[2] = {}, lag2[2] = {}, product{}, before[2][2] = {};
    for (int t = 0; t < records; ++t) {
      mean[0] = mean[0] + count(of_predators, predators, t) * (1.0f / records);
      mean[1] = mean[1] + count(of_prey, prey, t) * (1.0f / records);
    }
    for (int t = 0; t < records; ++t) {
      const F now[2] = {count(of_predators, predators, t) - mean[0], count(of_prey, prey, t) - mean[1]};
      for (int i = 0; i < 2; ++i) {
        squares[i] = squares[i] + now[i] * now[i];
        lag1[i] = lag1[i] + now[i] * before[0][i];  // 0 before the first
        lag2[i] = lag2[i] + now[i] * before[1][i];
        before[1][i] = before[0][i];
        before[0][i] = now[i];
      }
      product = product + now[0] * now[1];
    }
    const auto ratio = [](F a, F b) { return alfi::select(b > 0.0f, a / b, F{}); };
    for (int i = 0; i < 2; ++i) {
      x[i] = mean[i];
      x[2 + i] = alfi::log1p(squares[i] * (1.0f / (records - 1)));
      x[4 + 2 * i] = ratio(lag1[i], squares[i]);
      x[5 + 2 * i] = ratio(lag2[i], squares[i]);
    }
    const F correlation = ratio(product, alfi::sqrt(squares[0]) * alfi::sqrt(squares[1]));
    x[8] = alfi::max(F{} - 1.0f, alfi::min(F{} + 1.0f, correlation));  // what rounding took beyond
  }
};
ALFI_SIMULATOR(LotkaVolterra)
