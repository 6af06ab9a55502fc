import type { IExecuteFunctions, INodeExecutionData, INodeType, INodeTypeDescription } from 'n8n-workflow';
import { NodeConnectionTypes } from 'n8n-workflow';
import { analyze } from './actions/page/analyze.operation.ts';
import { pageProperties } from './actions/page/page.resource.ts';
import { testCroRenderServer } from './transport/server.ts';

/** Sends pages to a render server and returns what costs them conversions. */
export class CroAnalyzer implements INodeType {
  description: INodeTypeDescription = {
    displayName: 'CRO Analyzer',
    name: 'croAnalyzer',
    icon: { light: 'file:cro-analyzer.svg', dark: 'file:cro-analyzer.dark.svg' },
    group: ['transform'],
    version: 1,
    subtitle: '={{ $parameter["operation"] + ": " + $parameter["resource"] }}',
    description: 'Find what costs a web page conversions',
    defaults: { name: 'CRO Analyzer' },
    usableAsTool: true,
    inputs: [NodeConnectionTypes.Main],
    outputs: [NodeConnectionTypes.Main],
    credentials: [{ name: 'croRenderServerApi', required: true, testedBy: 'testCroRenderServer' }],
    properties: [
      {
        displayName: 'Resource',
        name: 'resource',
        type: 'options',
        noDataExpression: true,
        options: [{ name: 'Page', value: 'page' }],
        default: 'page',
        description: 'What to work on',
      },
      ...pageProperties,
    ],
  };

  methods = { credentialTest: { testCroRenderServer } };

  async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
    return [await analyze.call(this)];
  }
}
