/* URLs of the articles about activation through a proxy, as they are printed there. */
#include "probe/activation.h"

/*
 * KB 921471 (0x8004FE33, Windows activation or validation fails), the list to exempt from
 * authentication; the page on Extended Security Updates for Windows 10 prints the same hosts. Its one
 * revocation list stands below.
 */
const struct activation_url activation_endpoints[] = {
	{ "https://go.microsoft.com/", "KB 921471" },
	{ "http://go.microsoft.com/", "KB 921471" },
	{ "https://login.live.com/", "KB 921471" },
	{ "https://activation.sls.microsoft.com/", "KB 921471" },
	{ "https://validation.sls.microsoft.com/", "KB 921471" },
	{ "https://activation-v2.sls.microsoft.com/", "KB 921471" },
	{ "https://validation-v2.sls.microsoft.com/", "KB 921471" },
	{ "https://displaycatalog.mp.microsoft.com/", "KB 921471" },
	{ "https://licensing.mp.microsoft.com/", "KB 921471" },
	{ "https://purchase.mp.microsoft.com/", "KB 921471" },
	{ "https://displaycatalog.md.mp.microsoft.com/", "KB 921471" },
	{ "https://licensing.md.mp.microsoft.com/", "KB 921471" },
	{ "https://purchase.md.mp.microsoft.com/", "KB 921471" },
};

const size_t activation_endpoint_count =
	sizeof(activation_endpoints) / sizeof(*activation_endpoints);

/*
 * KB 816897 prints six lists. In two of them the slash behind "products" is missing: what an
 * administrator copied from there exempts nothing, so both spellings are here.
 */
const struct activation_url activation_lists[] = {
	{ "http://crl.microsoft.com/pki/crl/productsMicrosoftProductSecureServer.crl",
	  "KB 816897" },
	{ "http://crl.microsoft.com/pki/crl/products/MicrosoftProductSecureServer.crl",
	  "KB 816897, with the slash" },
	{ "http://crl.microsoft.com/pki/crl/products/MicrosoftProductSecureCommunications.crl",
	  "KB 816897" },
	{ "http://crl.microsoft.com/pki/crl/products/MicrosoftRootAuthority.crl", "KB 816897" },
	{ "http://www.microsoft.com/pki/crl/productsMicrosoftProductSecureServer.crl",
	  "KB 816897" },
	{ "http://www.microsoft.com/pki/crl/products/MicrosoftProductSecureServer.crl",
	  "KB 816897, with the slash" },
	{ "http://www.microsoft.com/pki/crl/products/MicrosoftProductSecureCommunications.crl",
	  "KB 816897" },
	{ "http://www.microsoft.com/pki/crl/products/MicrosoftRootAuthority.crl", "KB 816897" },
	{ "http://crl.microsoft.com/pki/crl/products/MicProSecSerCA_2007-12-04.crl", "KB 921471" },
};

const size_t activation_list_count = sizeof(activation_lists) / sizeof(*activation_lists);
