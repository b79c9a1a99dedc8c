// SPDX-License-Identifier: MIT
// The names in a certificate, for those who load or make one.
#pragma once

#include "wherry/net/tls_certificate.h"

// Fills in names and name_count from the leaf; what is no host is left out. False when
// memory is short.
MUST_CHECK bool tls_certificate_read_names(struct tls_certificate *certificate);
void tls_certificate_forget_names(struct tls_certificate *certificate);
