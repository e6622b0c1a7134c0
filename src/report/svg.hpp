// gnuplot's pictures as parts of a page: names of their own, no size but the page's width.
#pragma once

#include <string>
#include <vector>

namespace alfi::report {

/// Escapes text between tags, or an attribute's in quotation marks.
std::string escaped(const std::string& text);

/// Makes one <svg> of SVG documents of one size. Several are frames: shown one after the other for ever, the last for
/// longer, while the mouse is not over them; the last alone where no motion is wanted, and on paper. `name` goes in
/// front of every id; `label` is what screen readers say. Throws RunError for what is no document of gnuplot's.
std::string embedded(const std::vector<std::string>& documents, const std::string& name, const std::string& label);

}  // namespace alfi::report
