// Addresses of the network.
#include "shared/address.h"

#include <arpa/inet.h>
#include <string.h>

enum { OWNER_BYTES = 8 };

Str address_owner(Str address, char buffer[ADDRESS_BYTES]) {
  struct in6_addr v6;
  if (address.length >= ADDRESS_BYTES || memchr(address.at, ':', address.length) == NULL) return address;
  memcpy(buffer, address.at, address.length);
  buffer[address.length] = '\0';
  if (inet_pton(AF_INET6, buffer, &v6) != 1 || IN6_IS_ADDR_V4MAPPED(&v6)) return address;
  memset(v6.s6_addr + OWNER_BYTES, 0, sizeof v6.s6_addr - OWNER_BYTES);
  return inet_ntop(AF_INET6, &v6, buffer, ADDRESS_BYTES) != NULL ? str_from(buffer) : address;
}
