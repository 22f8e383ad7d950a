// The pipeline hears what ends say: the threats that look at messages are told.
#include "engine/pipeline_impl.h"

namespace vmoat {

ContentSink& Pipeline::Impl::Ear::sink(Session& s, int) {
  session_ = &s;
  has_subject_ = false;
  return *this;
}

/** The client stands first, whoever speaks: it is the one that attacks, or whose flow it is. */
template <class Message>
void Pipeline::Impl::Ear::tell(void (*Threat::*hook)(const Message&, Alarm&), const Message& message) {
  if (!has_subject_) subject_ = pipeline_.subject_of(*session_, session_->client());
  has_subject_ = true;
  pipeline_.watch_.heard(hook, message, subject_, *session_, session_->last_ns);
}

template void Pipeline::Impl::Ear::tell(void (*Threat::*)(const HttpHead&, Alarm&), const HttpHead&);
template void Pipeline::Impl::Ear::tell(void (*Threat::*)(const HttpSlowHead&, Alarm&), const HttpSlowHead&);
template void Pipeline::Impl::Ear::tell(void (*Threat::*)(const HttpInput&, Alarm&), const HttpInput&);
template void Pipeline::Impl::Ear::tell(void (*Threat::*)(const DnsMessage&, Alarm&), const DnsMessage&);
template void Pipeline::Impl::Ear::tell(void (*Threat::*)(const TlsRecord&, Alarm&), const TlsRecord&);
template void Pipeline::Impl::Ear::tell(void (*Threat::*)(const Banner&, Alarm&), const Banner&);
template void Pipeline::Impl::Ear::tell(void (*Threat::*)(const Login&, Alarm&), const Login&);

}  // namespace vmoat
