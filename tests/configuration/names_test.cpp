// Each enumerator of a choice has one row in its table of names. What the names are, configuration_test.cpp says.
#include "src/configuration/names.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string_view>

namespace alfi {
namespace {

/// Returns whether a value is an enumerator. Of others the compiler writes a cast, "value = (alfi::Loss)4".
template <auto value>
constexpr bool is_enumerator() {
  return std::string_view(__PRETTY_FUNCTION__).find("value = (") == std::string_view::npos;
}
static_assert(is_enumerator<Loss::l1>() && !is_enumerator<static_cast<Loss>(100)>());

template <typename Choice>
class Names : public testing::Test {};
using Choices =
    testing::Types<Transform, Family, Start, Pooling, Update, Loss, Weights, Schedule, Backend, Precision, Encoder>;
TYPED_TEST_SUITE(Names, Choices);

// Enumerators are numbered from 0: a table that has the numbers below its length once each, and the next of which is no
// enumerator, has them all.
TYPED_TEST(Names, EveryEnumeratorHasOneRow) {
  constexpr int rows = std::size(choices_of<TypeParam>);
  for (int number = 0; number < rows; ++number)
    EXPECT_EQ(std::ranges::count(choices_of<TypeParam>, static_cast<TypeParam>(number), &Named<TypeParam>::choice), 1);
  EXPECT_TRUE(is_enumerator<static_cast<TypeParam>(rows - 1)>());
  EXPECT_FALSE(is_enumerator<static_cast<TypeParam>(rows)>());
}

TYPED_TEST(Names, NamesAndEnumeratorsLeadToEachOther) {
  for (const auto& [choice, name] : choices_of<TypeParam>) {
    EXPECT_EQ(name_of(choice), name);
    EXPECT_EQ(choice_named<TypeParam>(name), choice);
  }
  EXPECT_EQ(name_of(static_cast<TypeParam>(100)), "");
  EXPECT_EQ(choice_named<TypeParam>("no such name"), std::nullopt);
}

}  // namespace
}  // namespace alfi
