// The validations of a run, in the order of their steps: the first, the best, the last, and what follows from them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "src/engine/learner.hpp"

namespace alfi {

class ValidationHistory {
 public:
  struct Entry {
    std::int64_t step;
    Validation validation;
  };

  void add(std::int64_t step, const Validation& validation);

  /// Returns the last validation; null where there is none.
  const Entry* last() const { return entries_.empty() ? nullptr : &entries_.back(); }
  /// Returns the validation of least loss, the first of equal ones; null where no loss is finite.
  const Entry* best() const { return best_ < 0 ? nullptr : &entries_[static_cast<std::size_t>(best_)]; }
  /// Counts the validations since the best one.
  int since_best() const { return static_cast<int>(entries_.size()) - 1 - best_; }

  /// Says how the last validation is worse than that of step 0: its loss is higher, its error more than a tenth higher,
  /// or one of them no number. Empty where neither is, or step 0 was not validated.
  std::string worse() const;

 private:
  std::vector<Entry> entries_;
  int best_ = -1;  ///< index
};

}  // namespace alfi
