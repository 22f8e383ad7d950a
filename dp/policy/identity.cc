#include "policy/identity.h"

namespace vmoat {

uint32_t IdentityTable::take_group(const std::string& name) {
  const std::lock_guard lock(mutex_);
  return groups_.take(name);
}

void IdentityTable::give_back_group(uint32_t number) {
  const std::lock_guard lock(mutex_);
  groups_.give_back(number);
}

Identity IdentityTable::take(const std::vector<uint32_t>& groups) {
  const std::lock_guard lock(mutex_);
  return sets_.take(groups);
}

void IdentityTable::give_back(Identity identity) {
  const std::lock_guard lock(mutex_);
  sets_.give_back(identity);
}

size_t IdentityTable::used() const {
  const std::lock_guard lock(mutex_);
  return sets_.used();
}

}  // namespace vmoat
