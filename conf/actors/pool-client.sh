#!/bin/sh
# SPDX-License-Identifier: MIT
# Borrows what there is, while another one dies with a connection in its hands.
supctl recv --match tag=borrowed

mine=$(supctl call pool --tag borrow)
echo "client: I have connection $mine"
more=$(supctl call pool --tag borrow)
echo "client: one more: ${more:-none is left}"

ref=$(supctl monitor careless)
supctl send careless --tag die
supctl recv --match "kind=down,ref=$ref" >/dev/null
more=$(supctl call pool --tag borrow)
echo "client: one more: ${more:-none is left}"
supctl send pool --tag return "$mine"
supctl send pool --tag return "$more"
