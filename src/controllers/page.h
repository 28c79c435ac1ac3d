// The page and the plans of halls: GET and HEAD. Loop threads; does not block.
#ifndef FOYER_CONTROLLERS_PAGE_H
#define FOYER_CONTROLLERS_PAGE_H

#include "core/conn.h"

void page_request(Exchange *exchange);       // a file of the page, or the page itself for an address of its own
void page_plan_request(Exchange *exchange);  // GET /plan/{hall_id}/{hash}

#endif
