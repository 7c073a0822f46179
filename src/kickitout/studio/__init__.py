"""The studio: a local page, and the JSON API behind it. It keeps nothing: every answer is a function of recipes.

service      what can be asked: play, map, vary, blend, morph, ask, hear, look, file, kit; calls the rooms below
recipes   a recipe as it comes in, and the kick it plays
replies   kicks -> one binary answer: cards and samples
routes    the API's paths; OpenAPI is at /api/openapi.json
files     the page's files, in memory
guard     who may ask, and how much
serve     the server, on 127.0.0.1 only
site      the page as a static folder that plays the model in the browser
page/     the page itself: ES modules, Web Audio, Canvas; nothing is built and nothing is fetched from elsewhere
"""
