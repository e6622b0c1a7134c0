#include "tests/ptx/scanner.hpp"

#include <algorithm>
#include <cctype>

#include "tests/ptx/kernel.hpp"

namespace alfi::test::ptx {
namespace {

bool is_blank(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }
bool is_of_a_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '$' || c == '_'; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace

bool Scanner::skip_blanks() {
  while (at_ < text_.size()) {
    if (text_.substr(at_, 2) == "//") {
      at_ = std::min(text_.find('\n', at_), text_.size());
    } else if (is_blank(text_[at_])) {
      if (text_[at_++] == '\n') ++line_;
    } else {
      return true;
    }
  }
  return false;
}

std::size_t Scanner::find(char c) const {
  const std::size_t place = text_.find(c, at_);
  if (place == std::string_view::npos) fail("line " + std::to_string(line_) + ": no '" + c + "' follows");
  return place;
}

Piece Scanner::take(Piece::Kind kind, std::size_t end, std::size_t resume) {
  Piece piece{kind, std::string(trimmed(text_.substr(at_, end - at_))), line_};
  const std::string_view passed = text_.substr(at_, resume - at_);
  line_ += static_cast<std::int32_t>(std::count(passed.begin(), passed.end(), '\n'));
  std::replace_if(piece.text.begin(), piece.text.end(), is_blank, ' ');
  at_ = resume;
  return piece;
}

std::size_t Scanner::end_of_label() const {
  std::size_t end = at_;
  while (end < text_.size() && is_of_a_word(text_[end])) ++end;
  return end > at_ && end < text_.size() && text_[end] == ':' ? end : std::string_view::npos;
}

Piece Scanner::next() {
  while (skip_blanks()) {
    const std::string_view rest = text_.substr(at_);
    const std::size_t end_of_line = std::min(text_.find('\n', at_), text_.size());
    if (text_[at_] == '{') {
      ++depth_, ++at_;
    } else if (text_[at_] == '}') {
      if (--depth_ == 0) return take(Piece::Kind::close, at_ + 1, at_ + 1);
      ++at_;
    } else if (depth_ > 0) {
      if (const std::size_t end = end_of_label(); end != std::string_view::npos)
        return take(Piece::Kind::label, end, end + 1);
      const std::size_t end = find(';');
      return take(Piece::Kind::statement, end, end + 1);
    } else if (rest.starts_with(".version") || rest.starts_with(".target") || rest.starts_with(".address_size")) {
      at_ = end_of_line;
    } else if (text_.substr(at_, end_of_line - at_).find(".entry ") != std::string_view::npos) {
      return take(Piece::Kind::head, find('{'), find('{'));
    } else {
      const std::size_t end = find(';');
      return take(Piece::Kind::statement, end, end + 1);
    }
  }
  return {Piece::Kind::end, "", line_};
}

std::vector<std::string> operands_of(std::string_view text) {
  std::vector<std::string> result;
  int depth = 0;
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    const char c = i < text.size() ? text[i] : ',';
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
    if (c != ',' || (depth > 0 && i < text.size())) continue;
    if (const std::string_view part = trimmed(text.substr(begin, i - begin)); !part.empty()) result.emplace_back(part);
    begin = i + 1;
  }
  return result;
}

std::vector<std::string> members_of(const std::string& operand) {
  if (!operand.starts_with('{')) return {operand};
  return operands_of(std::string_view(operand).substr(1, operand.size() - 2));
}

}  // namespace alfi::test::ptx
