// For tests and seeds: the samples of all applications. NAME_test.cc defines NAME_samples.
#pragma once

#include "apps/list.h"
#include "apps/sample.h"

namespace vmoat {

#define DECLARE(name)                          \
  extern const Application name##_application; \
  extern const std::vector<Sample> name##_samples;
EACH_APPLICATION(DECLARE)
#undef DECLARE

/** Calls each(application, sample) for every sample of every application, in the registry's order. */
template <class Each>
void each_sample(Each each) {
#define RUN(name) \
  for (const Sample& sample : name##_samples) each(name##_application, sample);
  EACH_APPLICATION(RUN)
#undef RUN
}

}  // namespace vmoat
