#include "src/formats/json_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "alfi/error.hpp"
#include "tests/support/message_of.hpp"

namespace alfi {
namespace {

TEST(JsonText, IsThatOfTheJsonLibrary) {
  JsonObject inner, outer;
  EXPECT_EQ(inner.text(), "{}");
  inner.add("a \"b\"", json_text(std::string_view("c\nd"))).add("n", json_text(-3));
  outer.add("inner", inner.text()).add("list", json_array(std::vector<std::int64_t>{1, 2}));
  outer.add("none", json_array(std::vector<std::int64_t>{})).add("x", json_text(0.1));
  outer.add("nan", json_text(std::numeric_limits<double>::quiet_NaN()));
  EXPECT_EQ(outer.text(), R"({"inner":{"a \"b\"":"c\nd","n":-3},"list":[1,2],"none":[],"x":0.1,"nan":null})");
}

TEST(JsonText, RefusesWhatIsNotUtf8) {
  EXPECT_THAT(test::message_of<InputError>([] { (void)json_text(std::string_view("a\xff")); }),
              testing::HasSubstr("'a\\xff' is not UTF-8"));
}

}  // namespace
}  // namespace alfi
