// A page as what reads XML sees it.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace alfi::test {

struct Element {
  std::string name;
  std::map<std::string, std::string> attributes;
  std::vector<std::string> inside;  ///< names of what it is in, the outermost first
  std::string text;                 ///< its own, not that of elements in it
  int figure;                       ///< number of the <figure> it is in, from 0; −1 outside
};

/// Lists all elements in their order. Fails the test, with line and reason, where the text is not well-formed.
std::vector<Element> elements_of(const std::string& xml);

}  // namespace alfi::test
