/** The version of the product, said in this one place; lab/upgrade/version.test.ts holds every manifest, the lock file and the chart to it. */
export const version = '0.3.0';
