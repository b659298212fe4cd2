"""What the imports of other people's formats have in common: their documents with places, and areas
and downtimes that are drafted from them. Whatever is not said there is asked, or left to be filled.
"""
