import type { INodeProperties } from 'n8n-workflow';
import { analyzeProperties } from './analyze.properties.ts';

/** The operations on a page, and their parameters. */
export const pageProperties: INodeProperties[] = [
  {
    displayName: 'Operation',
    name: 'operation',
    type: 'options',
    noDataExpression: true,
    displayOptions: { show: { resource: ['page'] } },
    options: [
      {
        name: 'Analyze',
        value: 'analyze',
        action: 'Analyze a page',
        description: 'Find what costs the page conversions, each finding proven against the page',
      },
    ],
    default: 'analyze',
    description: 'What to do with the page',
  },
  ...analyzeProperties,
];
