/** Loaded into the console by a test: an error that nobody expected, when SIGUSR2 comes. */
process.on('SIGUSR2', () => {
  console.log('said into the picture')
  throw new Error('planted')
})
