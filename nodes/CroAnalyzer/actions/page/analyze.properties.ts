import type { INodeProperties } from 'n8n-workflow';
import { updateDisplayOptions } from 'n8n-workflow';

/** What the parameter Options may hold. */
export const optionProperties: INodeProperties[] = [
  {
    displayName: 'Analyst',
    name: 'analyst',
    type: 'options',
    options: [
      {
        name: 'Automatic',
        value: 'auto',
        description: 'Claude where the server has a key, the built-in rules when Claude cannot answer in time',
      },
      { name: 'Claude', value: 'claude', description: 'Fails when Claude cannot answer' },
      { name: 'Rules', value: 'rules', description: 'Describes failed checks in fixed wording; no AI, no cost' },
    ],
    default: 'auto',
    description: 'Who writes the findings',
  },
  {
    displayName: 'Audience',
    name: 'audience',
    type: 'string',
    default: '',
    placeholder: 'e.g. Owners of small shops',
    description: 'Who the page is for, in your own words',
  },
  {
    displayName: 'Context',
    name: 'context',
    type: 'string',
    typeOptions: { rows: 3 },
    default: '',
    placeholder: 'e.g. Most visitors come from paid search',
    description: 'What the analyst should know besides, in your own words',
  },
  {
    displayName: 'Deadline (Seconds)',
    name: 'deadlineSeconds',
    type: 'number',
    typeOptions: { minValue: 5, maxValue: 900 },
    default: 180,
    description: 'Time for one page once a browser has taken it up. Without this option the server decides.',
  },
  {
    displayName: 'Devices',
    name: 'devices',
    type: 'multiOptions',
    options: [
      { name: 'Desktop', value: 'desktop' },
      { name: 'Mobile', value: 'mobile' },
    ],
    default: ['desktop', 'mobile'],
    description: 'Screens to look at the page on',
  },
  {
    displayName: 'Focus',
    name: 'focus',
    type: 'multiOptions',
    options: [
      { name: 'Attention', value: 'attention' },
      { name: 'Content', value: 'content' },
      { name: 'Forms', value: 'forms' },
      { name: 'Interruption', value: 'interruption' },
      { name: 'Mobile', value: 'mobile' },
      { name: 'Speed', value: 'speed' },
      { name: 'Trust', value: 'trust' },
    ],
    default: [],
    description: 'Subjects to concentrate on. None means all.',
  },
  {
    displayName: 'Goal',
    name: 'goal',
    type: 'options',
    options: [
      { name: 'Automatic', value: 'auto', description: 'The analyst infers it from the page' },
      { name: 'Contact', value: 'contact', description: 'The visitor gets in touch' },
      { name: 'Lead', value: 'lead', description: 'The visitor leaves an address' },
      { name: 'Purchase', value: 'purchase', description: 'The visitor buys' },
      { name: 'Read', value: 'read', description: 'The visitor reads on' },
      { name: 'Sign Up', value: 'signup', description: 'The visitor opens an account' },
    ],
    default: 'auto',
    description: 'What a visitor should do on the page',
  },
  {
    displayName: 'Language',
    name: 'language',
    type: 'string',
    default: 'en',
    placeholder: 'e.g. de-AT',
    description: 'Language of the findings, as a tag such as en or de-AT',
  },
  {
    displayName: 'Max Findings',
    name: 'maxFindings',
    type: 'number',
    typeOptions: { minValue: 1, maxValue: 30 },
    default: 10,
    description: 'How many findings to return at most, the most important first',
  },
  {
    displayName: 'Model',
    name: 'model',
    type: 'string',
    default: '',
    placeholder: 'e.g. claude-sonnet-5-5',
    description: 'Claude model to use. Empty means the one that the server is set to.',
  },
];

const properties: INodeProperties[] = [
  {
    displayName: 'URL',
    name: 'url',
    type: 'string',
    default: '',
    required: true,
    placeholder: 'e.g. https://example.com/pricing',
    description: 'Address of the page to analyze',
  },
  {
    displayName: 'Output',
    name: 'output',
    type: 'options',
    options: [
      { name: 'One Item per Page', value: 'page', description: 'The findings stand in a list within the item' },
      { name: 'One Item per Finding', value: 'finding', description: 'A page without findings gives no item' },
    ],
    default: 'page',
    description: 'How the findings come out: together in the item of their page, or each as an item of its own',
  },
  {
    displayName: 'Simplify',
    name: 'simplify',
    type: 'boolean',
    default: true,
    description: 'Whether to return a simplified version of the response instead of the raw data',
  },
  {
    displayName: 'Files',
    name: 'files',
    type: 'multiOptions',
    displayOptions: { show: { output: ['page'] } },
    options: [
      { name: 'Report', value: 'report', description: 'A self-contained HTML page, as report_html' },
      { name: 'Screenshots', value: 'screenshot', description: 'The page from its top, as screenshot_desktop and screenshot_mobile; more parts of a long page as screenshot_desktop_2 and so on' },
    ],
    default: [],
    description: 'Files to attach to each item as binary data',
  },
  {
    displayName: 'Options',
    name: 'options',
    type: 'collection',
    placeholder: 'Add option',
    default: {},
    description: 'What the analyst should know of the page, and how to look at it',
    options: optionProperties,
  },
];

/** The parameters of Page -> Analyze. */
export const analyzeProperties = updateDisplayOptions({ show: { resource: ['page'], operation: ['analyze'] } }, properties);
