// Reverse-mode automatic differentiation in double, for oracles: a graph of small vectors, recorded as it is computed.
//
// Every operation stores its value and a closure that adds its vector-Jacobian product to its operands' gradients;
// `backward` runs the closures in reverse order. Conventions at kinks: relu'(0) = 0, |.|'(0) = 0, a clamp passes the
// gradient inside the closed interval, a quotient by exactly zero is zero and passes none.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <stdexcept>
#include <utility>
#include <vector>

namespace alfi::test {

class Graph {
 public:
  using Values = std::vector<double>;
  struct Node {
    std::size_t index;
  };

  Graph() = default;
  Graph(const Graph&) = delete;  // the closures point into the graph
  Graph& operator=(const Graph&) = delete;

  /// Adds a node without operands: a parameter, an input, a constant.
  Node leaf(Values value) { return append(std::move(value)); }

  const Values& value(Node node) const { return records_[node.index].value; }

  /// Returns ∂root/∂node · seed, of the last `backward`.
  const Values& gradient(Node node) const { return records_[node.index].gradient; }

  /// Returns a hash of every choice made on the way: the sides of relu, clamp and |.|, the places of minima. Two runs
  /// of equal hash lie on one smooth piece of the function, so that a finite difference between them means something.
  std::uint64_t branches() const { return branches_; }

  /// Gradients of seed · root (root has one element) with respect to every node.
  void backward(Node root, double seed) {
    require(value(root).size() == 1, "backward starts at a scalar");
    for (Record& record : records_) record.gradient.assign(record.value.size(), 0.0);
    records_[root.index].gradient[0] = seed;
    for (std::size_t i = root.index + 1; i-- > 0;) {
      if (records_[i].pull) records_[i].pull(records_[i]);
    }
  }

  /// Adds W x + b; W is (out, in), row-major.
  Node linear(Node weight, Node bias, Node x) {
    const Values &w = value(weight), &in = value(x);
    Values out = value(bias);
    require(w.size() == out.size() * in.size(), "a linear layer's weight is (out, in)");
    for (std::size_t o = 0; o < out.size(); ++o) {
      for (std::size_t i = 0; i < in.size(); ++i) out[o] += w[o * in.size() + i] * in[i];
    }
    return append(std::move(out), [this, weight, bias, x](const Record& self) {
      const Values &w_now = value(weight), &in_now = value(x);
      Values &dw = grad(weight), &db = grad(bias), &dx = grad(x);
      for (std::size_t o = 0; o < self.gradient.size(); ++o) {
        const double g = self.gradient[o];
        if (g == 0.0) continue;
        db[o] += g;
        for (std::size_t i = 0; i < dx.size(); ++i) {
          dw[o * dx.size() + i] += g * in_now[i];
          dx[i] += g * w_now[o * dx.size() + i];
        }
      }
    });
  }

  Node relu(Node x) {
    for (double v : value(x)) note(v > 0.0);
    return map(
        x, [](double v) { return v <= 0.0 ? 0.0 : v; }, [](double v, double) { return v > 0.0 ? 1.0 : 0.0; });
  }
  Node tanh(Node x) {
    return map(
        x, [](double v) { return std::tanh(v); }, [](double, double y) { return 1.0 - y * y; });
  }
  Node sigmoid(Node x) {
    return map(
        x, [](double v) { return 1.0 / (1.0 + std::exp(-v)); }, [](double, double y) { return y * (1.0 - y); });
  }
  Node exp(Node x) {
    return map(
        x, [](double v) { return std::exp(v); }, [](double, double y) { return y; });
  }
  Node square(Node x) {
    return map(
        x, [](double v) { return v * v; }, [](double v, double) { return 2.0 * v; });
  }
  Node absolute(Node x) {
    for (double v : value(x)) note(v > 0.0);
    return map(
        x, [](double v) { return std::abs(v); },
        [](double v, double) { return v == 0.0 ? 0.0 : std::copysign(1.0, v); });
  }
  Node clamp(Node x, double bound) {
    for (double v : value(x)) note(v < -bound ? 1U : v > bound ? 2U : 0U);
    return map(
        x, [bound](double v) { return std::clamp(v, -bound, bound); },
        [bound](double v, double) { return std::abs(v) <= bound ? 1.0 : 0.0; });
  }
  /// Adds factor · x + shift.
  Node affine(Node x, double factor, double shift) {
    return map(
        x, [=](double v) { return factor * v + shift; }, [=](double, double) { return factor; });
  }

  Node add(Node a, Node b) {
    return zip(
        a, b, [](double p, double q) { return p + q; },
        [](double, double) {
          return std::pair{1.0, 1.0};
        });
  }
  Node subtract(Node a, Node b) {
    return zip(
        a, b, [](double p, double q) { return p - q; },
        [](double, double) {
          return std::pair{1.0, -1.0};
        });
  }
  Node multiply(Node a, Node b) {
    return zip(
        a, b, [](double p, double q) { return p * q; },
        [](double p, double q) {
          return std::pair{q, p};
        });
  }
  /// Adds a / b, and zero without gradient where b is zero.
  Node guarded_quotient(Node a, Node b) {
    for (double v : value(b)) note(v == 0.0);
    return zip(
        a, b, [](double p, double q) { return q == 0.0 ? 0.0 : p / q; },
        [](double p, double q) {
          return q == 0.0 ? std::pair{0.0, 0.0} : std::pair{1.0 / q, -p / (q * q)};
        });
  }

  Node concatenate(const std::vector<Node>& parts) {
    Values out;
    for (Node part : parts) out.insert(out.end(), value(part).begin(), value(part).end());
    return append(std::move(out), [this, parts](const Record& self) {
      std::size_t i = 0;
      for (Node part : parts) {
        for (double& g : grad(part)) g += self.gradient[i++];
      }
    });
  }
  Node slice(Node x, std::size_t first, std::size_t count) {
    require(first + count <= value(x).size(), "a slice lies inside its vector");
    const auto begin = value(x).begin() + static_cast<std::ptrdiff_t>(first);
    return append(Values(begin, begin + static_cast<std::ptrdiff_t>(count)), [this, x, first](const Record& self) {
      for (std::size_t i = 0; i < self.gradient.size(); ++i) grad(x)[first + i] += self.gradient[i];
    });
  }
  Node sum(Node x) {
    double total = 0.0;
    for (double v : value(x)) total += v;
    return append({total}, [this, x](const Record& self) {
      for (double& g : grad(x)) g += self.gradient[0];
    });
  }

  /// Adds the mean of a set of vectors.
  Node mean(const std::vector<Node>& set) {
    const double share = 1.0 / static_cast<double>(set.size());
    return append(mean_of(set), [this, set, share](const Record& self) {
      for (Node member : set) {
        Values& g = grad(member);
        for (std::size_t i = 0; i < g.size(); ++i) g[i] += share * self.gradient[i];
      }
    });
  }
  /// Adds the unbiased standard deviation of a set of vectors; zero without gradient for a set of one and where all are
  /// equal.
  Node deviation(const std::vector<Node>& set) {
    const Values centre = mean_of(set);
    const double freedom = static_cast<double>(set.size()) - 1.0;
    Values out(centre.size(), 0.0);
    for (std::size_t i = 0; i < out.size() && freedom > 0.0; ++i) {
      for (Node member : set) out[i] += std::pow(value(member)[i] - centre[i], 2);
      out[i] = std::sqrt(out[i] / freedom);
    }
    return append(std::move(out), [this, set, centre, freedom](const Record& self) {
      for (Node member : set) {
        for (std::size_t i = 0; i < centre.size(); ++i) {
          if (self.value[i] == 0.0) continue;
          grad(member)[i] += self.gradient[i] * (value(member)[i] - centre[i]) / (self.value[i] * freedom);
        }
      }
    });
  }
  /// Adds the least of several scalars; the gradient goes to the first that attains it.
  Node minimum(const std::vector<Node>& set) {
    std::size_t least = 0;
    for (std::size_t i = 1; i < set.size(); ++i) {
      if (value(set[i])[0] < value(set[least])[0]) least = i;
    }
    note(least);
    const Node winner = set[least];
    return append(value(winner), [this, winner](const Record& self) { grad(winner)[0] += self.gradient[0]; });
  }

 private:
  struct Record {
    Values value, gradient;
    std::function<void(const Record&)> pull;
  };

  static void require(bool holds, const char* message) {
    if (!holds) throw std::logic_error(message);
  }

  Node append(Values value, std::function<void(const Record&)> pull = {}) {
    records_.push_back({std::move(value), {}, std::move(pull)});
    return {records_.size() - 1};
  }

  Values& grad(Node node) { return records_[node.index].gradient; }

  void note(std::uint64_t choice) { branches_ = (branches_ ^ choice) * 1099511628211U; }  // FNV-1a

  /// Adds y = f(x) element by element; df(x, y) is its derivative.
  template <class F, class Derivative>
  Node map(Node x, F f, Derivative df) {
    Values out(value(x).size());
    std::transform(value(x).begin(), value(x).end(), out.begin(), f);
    return append(std::move(out), [this, x, df](const Record& self) {
      for (std::size_t i = 0; i < self.value.size(); ++i) {
        grad(x)[i] += self.gradient[i] * df(value(x)[i], self.value[i]);
      }
    });
  }

  /// Adds y = f(a, b) element by element; df(a, b) is the pair of derivatives.
  template <class F, class Derivatives>
  Node zip(Node a, Node b, F f, Derivatives df) {
    require(value(a).size() == value(b).size(), "element by element needs equal lengths");
    Values out(value(a).size());
    std::transform(value(a).begin(), value(a).end(), value(b).begin(), out.begin(), f);
    return append(std::move(out), [this, a, b, df](const Record& self) {
      for (std::size_t i = 0; i < self.value.size(); ++i) {
        const auto [da, db] = df(value(a)[i], value(b)[i]);
        grad(a)[i] += self.gradient[i] * da;
        grad(b)[i] += self.gradient[i] * db;
      }
    });
  }

  /// Returns the mean as first + mean of (member − first): exact where all members are equal, so that the deviation of
  /// such a set is zero and not a rounding error that the guards would miss.
  Values mean_of(const std::vector<Node>& set) const {
    require(!set.empty(), "a set has at least one member");
    const Values& first = value(set.front());
    Values out(first.size(), 0.0);
    for (Node member : set) {
      require(value(member).size() == out.size(), "the members of a set have one length");
      for (std::size_t i = 0; i < out.size(); ++i) out[i] += value(member)[i] - first[i];
    }
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = first[i] + out[i] / static_cast<double>(set.size());
    return out;
  }

  std::deque<Record> records_;  // never moves a record: the operations hold references while they append
  std::uint64_t branches_ = 14695981039346656037U;
};

}  // namespace alfi::test
