// The repository's configuration, for the specs of this folder.
module.exports = { ...require('../../../jest.config.cjs'), rootDir: __dirname };
