import packageJson from '../../package.json' with { type: 'json' };

/** The version of this Ferry. */
export const version: string = packageJson.version;
