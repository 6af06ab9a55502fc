import type { IAuthenticate, ICredentialType, INodeProperties } from 'n8n-workflow';

/** Where a render server is, and the key that it asks for. The node tests it, see `transport/server.ts`. */
export class CroRenderServerApi implements ICredentialType {
  name = 'croRenderServerApi';

  displayName = 'CRO Render Server API';

  icon = {
    light: 'file:../nodes/CroAnalyzer/cro-analyzer.svg',
    dark: 'file:../nodes/CroAnalyzer/cro-analyzer.dark.svg',
  } as const;

  documentationUrl = 'https://github.com/Taurist-Technologies/cro-analyzer#in-n8n';

  properties: INodeProperties[] = [
    {
      displayName: 'Server Address',
      name: 'url',
      type: 'string',
      default: 'http://127.0.0.1:8787',
      placeholder: 'e.g. https://render.example.com',
      required: true,
      description: 'Address of the render server, as n8n reaches it. Inside Docker, 127.0.0.1 is the n8n container itself.',
    },
    {
      displayName: 'API Key',
      name: 'apiKey',
      type: 'string',
      typeOptions: { password: true },
      default: '',
      description: 'One of the keys in CRO_API_KEYS on the server. A server that listens on its own machine only may need none.',
    },
  ];

  // A function, because a server without keys must see no Authorization header at all.
  authenticate: IAuthenticate = async (credentials, request) => {
    const apiKey = String(credentials.apiKey ?? '').trim();
    return apiKey === '' ? request : { ...request, headers: { ...request.headers, Authorization: `Bearer ${apiKey}` } };
  };
}
