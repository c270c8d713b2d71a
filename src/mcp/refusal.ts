/** An answer that refuses a request before a server sees it, in the form of JSON-RPC. */
export function refusal(
  status: number,
  message: string,
  code = -32000,
  headers: Record<string, string> = {},
): Response {
  return Response.json({ jsonrpc: '2.0', error: { code, message }, id: null }, { status, headers });
}
