// Registers and operands of a kernel while it is parsed: each gets a place in the warps' file.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

#include "tests/ptx/kernel.hpp"

namespace alfi::test::ptx {

struct Register {
  Place at;
  int bytes;  ///< 0: a predicate
};

/// Operands that a literal without a point may stand for.
enum class Literal : std::uint8_t { integer, floating, predicate };

class Registers {
 public:
  Registers(Kernel& kernel, const std::set<std::string>& shared_arrays)
      : kernel_(kernel), shared_arrays_(shared_arrays) {}

  /// Reads ".reg .f32 %f<9>" or ".reg .b16 low, high".
  void declare(const std::string& statement);
  bool is_declared(const std::string& name) const { return known_.contains(name); }
  bool is_shared_array(const std::string& name) const { return shared_arrays_.contains(name); }

  /// Finds a register. Those declared in numbers take places as they come: neighbours in the code are neighbours there.
  const Register& named(const std::string& name);
  /// Finds a register, a special register, a literal or a symbol's address.
  Place source(const std::string& text, Literal literal, int bytes);

 private:
  Place take(int bytes);
  Place special(Place& place, int bytes = 4);
  Place constant(std::uint64_t value, int bytes);
  Place integer(const std::string& text, Literal literal, int bytes);

  Kernel& kernel_;
  const std::set<std::string>& shared_arrays_;
  std::unordered_map<std::string, Register> known_;
  std::map<std::string, int> numbered_;  ///< bytes by the name before the number
  std::map<std::pair<std::uint64_t, int>, Place> constants_;
};

}  // namespace alfi::test::ptx
