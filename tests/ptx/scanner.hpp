// PTX text in pieces: without comments and blanks, each with the line it begins on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace alfi::test::ptx {

struct Piece {
  enum class Kind {
    head,       ///< head of an entry, up to its brace
    statement,  ///< without its semicolon
    label,      ///< without its colon
    close,      ///< brace of an entry
    end         ///< end of the file
  };
  Kind kind;
  std::string text;
  std::int32_t line;
};

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}
  /// Reads the next piece. Braces within an entry are passed over: no two registers of a kernel share a name.
  Piece next();

 private:
  bool skip_blanks();
  Piece take(Piece::Kind kind, std::size_t end, std::size_t resume);
  std::size_t find(char c) const;
  std::size_t end_of_label() const;

  std::string_view text_;
  std::size_t at_ = 0;
  std::int32_t line_ = 1;
  int depth_ = 0;
};

/// Splits "a, {b, c}, [d+4]" at its outer commas.
std::vector<std::string> operands_of(std::string_view text);

/// Lists the members of "{b, c}"; of anything else, itself.
std::vector<std::string> members_of(const std::string& operand);

}  // namespace alfi::test::ptx
