// The client of AWS, which signs with keys of its own. The gateway's key is in a
// field beside the signature.
import { BedrockRuntimeClient } from '@aws-sdk/client-bedrock-runtime';

export function signing(endpoint, key) {
  const client = new BedrockRuntimeClient({
    endpoint, region: 'us-east-1', maxAttempts: 1,
    credentials: { accessKeyId: 'AKIDCALLER', secretAccessKey: 'of the caller' },
  });
  client.middlewareStack.add((next) => (args) => {
    args.request.headers.apikey = key;
    return next(args);
  }, { step: 'build' });
  return client;
}
